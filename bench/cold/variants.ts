import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { BUNDLE } from '../../infra/bundling.ts';
import type { Call } from './aws.ts';

/** A function bundled into one file. */
export type Bundle = { readonly file: string; readonly bytes: number };

const root = join(import.meta.dirname, '../..');

/** The bundle of most teams: a minified ES module. The SDK's CommonJS parts need the banner. */
const USUAL = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minify: true,
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
} satisfies BuildOptions;

const PACKAGES = {
  SQS: '@aws-sdk/client-sqs',
  DynamoDB: '@aws-sdk/client-dynamodb',
  SecretsManager: '@aws-sdk/client-secrets-manager',
} as const;

/** Bundles a file of the repository as the stack deploys it. */
export const bundleOurs = (folder: string, name: string, entry: string): Promise<Bundle> =>
  bundle(join(folder, `${name}.js`), {
    ...BUNDLE,
    entryPoints: [join(root, entry)],
  });

/** Puts the SDK in the place of our client, as `bench/baseline/hooks.ts` does. */
const ON_THE_SDK: Plugin = {
  name: 'on-the-sdk',
  setup: ({ onResolve }) => {
    const path = join(root, 'bench/baseline/sdk-client.ts');
    onResolve({ filter: /\/client\.ts$/ }, ({ importer, resolveDir, path: name }) =>
      importer !== path && join(resolveDir, name) === CLIENT ? { path } : undefined,
    );
  },
};

const CLIENT = join(root, 'functions/aws/client.ts');

/** Bundles a file of the repository as the stack deploys it, with the SDK in place of our client. */
export const bundleOnSdk = (folder: string, name: string, entry: string): Promise<Bundle> =>
  bundle(join(folder, `${name}-sdk.js`), {
    ...BUNDLE,
    entryPoints: [join(root, entry)],
    plugins: [ON_THE_SDK],
  });

/** Bundles the source text of a handler, with our options or with the usual ones. */
export function bundleSource(folder: string, name: string, source: string, way: 'ours' | 'usual'): Promise<Bundle> {
  const stdin = { contents: source, resolveDir: root, loader: 'ts' } as const;
  return way === 'ours'
    ? bundle(join(folder, `${name}.js`), { ...BUNDLE, stdin })
    : bundle(join(folder, `${name}.mjs`), { ...USUAL, stdin });
}

async function bundle(outfile: string, options: BuildOptions): Promise<Bundle> {
  await build({ ...options, absWorkingDir: root, outfile, logLevel: 'error' });
  return { file: outfile, bytes: statSync(outfile).size };
}

/** Bundles the process that loads the other bundles. Returns its file. */
export async function bundleProcess(folder: string): Promise<string> {
  const outfile = join(folder, 'process.mjs');
  writeFileSync(join(folder, 'package.json'), '{}');
  await build({
    entryPoints: [join(import.meta.dirname, 'process.ts')],
    outfile,
    platform: 'node',
    format: 'esm',
    target: 'node24',
  });
  return outfile;
}

export const EMPTY = 'export const handler = async () => ({ statusCode: 200 });';

/** A handler that makes the same calls with the same inputs and with our client, and nothing else. */
export const trimmed = (calls: readonly Call[]): string => `
  import { awsClient } from './functions/aws/client.ts';
  ${servicesOf(calls)
    .map((service) => `const the${service} = awsClient('${service.toLowerCase()}');`)
    .join('\n')}
  export const handler = async () => {
    ${calls
      .map(({ service, action, input }) => `await the${service}.call('${action}', ${JSON.stringify(input)});`)
      .join('\n')}
    return { statusCode: 200 };
  };`;

/** The handler that most teams write for the same calls: wrapped in middy, with a zod schema for the event. */
export const usual = (calls: readonly Call[]): string => `
  import middy from '@middy/core';
  import { z } from 'zod';
  ${importsOf(calls)}
  ${clientsOf(calls)}
  const Data = z.object({ platform: z.enum(['android', 'ios']), token: z.string().min(1), account: z.string().min(2) });
  const Login = z.object({ type: z.literal('user.login'), timestamp: z.iso.datetime(), data: Data });
  const example = { type: 'user.login', timestamp: '2026-01-01T00:00:00Z', data: { platform: 'ios', token: 't', account: 'alice' } };
  export const handler = middy().handler(async () => {
    Login.parse(example);
    ${sends(calls)}
    return { statusCode: 200 };
  });`;

const servicesOf = (calls: readonly Call[]) => [...new Set(calls.map(({ service }) => service))];

const namesOf = (calls: readonly Call[]): string[] => [
  ...servicesOf(calls).map((service) => `${service}Client`),
  ...new Set(calls.map(({ action }) => `${action}Command`)),
];

const importsOf = (calls: readonly Call[]): string =>
  servicesOf(calls)
    .map((service) => {
      const names = namesOf(calls.filter((call) => call.service === service));
      return `import { ${names.join(', ')} } from '${PACKAGES[service]}';`;
    })
    .join('\n');

const clientsOf = (calls: readonly Call[]): string =>
  servicesOf(calls)
    .map((service) => `const the${service} = new ${service}Client();`)
    .join('\n');

const sends = (calls: readonly Call[]): string =>
  calls
    .map(({ service, action, input }) => `await the${service}.send(new ${action}Command(${JSON.stringify(input)}));`)
    .join('\n');
