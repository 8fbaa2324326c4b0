import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfiguration } from '../infra/configuration.ts';
import { type Local, startLocal } from '../local/instance.ts';

const root = join(import.meta.dirname, '..');
const blocks = ['events', 'account-api'].flatMap((page) => [
  ...readFileSync(join(root, `docs/${page}.md`), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g),
]);
const blockWith = (text: string): string => {
  const found = blocks.find(([, block = '']) => block.includes(text))?.[1];
  if (found === undefined) throw new Error(`docs/events.md and docs/account-api.md have no block with ${text}`);
  return found;
};

let local: Local;
beforeAll(async () => {
  const read = readConfiguration(join(root, 'bindery.json'));
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  local = await startLocal({ configuration: read.configuration, port: 0 });
});
afterAll(() => local.stop());

/** Runs a block of a page in a shell with the values that `npm start` prints. */
async function run(block: string): Promise<unknown> {
  const [app] = local.apps;
  const env = { ...process.env, URL: local.url, SECRET: local.sources[0]?.secret, APP: app?.id, KEY: app?.secretKey };
  const { stdout } = await promisify(execFile)('sh', ['-euc', block], { env });
  return JSON.parse(stdout);
}

test('the documented login with openssl is applied, the documented query shows the account, and a logout ends it', async () => {
  const login = blockWith('user.login');
  const query = blockWith('-u "$APP:$KEY"');
  const bound = (...accounts: object[]) => ({
    ret_code: 0,
    token_accounts: [{ token: 'phone-1', account_list: accounts }],
  });

  expect(await run(login)).toMatchObject({ outcome: 'applied' });
  expect(await run(query)).toMatchObject(bound({ account: 'alice', account_type: 0 }));
  expect(await run(login.replace('user.login', 'user.logout'))).toMatchObject({ outcome: 'applied' });
  expect(await run(query)).toMatchObject(bound());
});

test('the documented query with a signature is answered, and refused when another key signs it', async () => {
  const query = blockWith('$AT$APP$BODY');
  expect(await run(query)).toMatchObject({ ret_code: 0, token_accounts: [{ token: 'phone-1' }] });
  expect(await run(query.replace('-hmac "$KEY"', '-hmac "x$KEY"'))).toMatchObject({ ret_code: 10104 });
});
