import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { buildSync } from 'esbuild';
import { expect, test } from 'vitest';
import { scriptedServer } from './server.ts';

const CLIENT = join(import.meta.dirname, '../../client/bindery.ts');

/** Globals that Node 20, Deno, Bun and workers share, beside those of JavaScript itself. */
const WEB = {
  ...{ AbortSignal, TextEncoder, URL, atob, btoa, clearTimeout, crypto, fetch, performance, setTimeout },
};

test('the client runs with globals of the web alone', async () => {
  const { url, received } = await scriptedServer({ status: 503, headers: { 'retry-after': '0' } });
  const [script] = buildSync({
    ...{ entryPoints: [CLIENT], bundle: true, write: false, platform: 'neutral', target: 'es2022' },
    ...{ format: 'iife', globalName: 'client' },
  }).outputFiles;
  const context = createContext({ ...WEB, url });
  runInContext(script?.text ?? '', context);
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const made = `new client.Bindery({ url, source: 'app', secret: '${secret}' })`;
  expect(await runInContext(`${made}.logout({ token: 't1' })`, context)).toMatchObject({ outcome: 'applied' });
  expect(await runInContext(`${made}.ticket({ account: 'alice' })`, context)).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]{43}$/);
  expect(received).toHaveLength(2);
});

test('the types of the client hold in a project without those of Node', () => {
  const compiler = join(import.meta.dirname, '../../node_modules/.bin/tsc');
  const flags = '--ignoreConfig --noEmit --strict --lib es2022,dom,dom.asynciterable --target es2022';
  const modules = '--module esnext --moduleResolution bundler --allowImportingTsExtensions --erasableSyntaxOnly';
  expect(
    execFileSync(compiler, [...`${flags} ${modules}`.split(' '), '--types', '', CLIENT], { encoding: 'utf8' }),
  ).toBe('');
});
