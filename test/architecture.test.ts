import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const FOLDERS = [
  'client',
  'examples',
  'functions',
  'infra',
  'local',
  'cli',
  'conformance',
  'openapi',
  'bench',
  'package',
  'test',
];
const texts = new Map(
  FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root })).map((file) => [
    file,
    readFileSync(join(root, file), 'utf8'),
  ]),
);
const functions = [...texts.keys()].filter((file) => file.startsWith('functions/'));

/** The imports of each file: packages as they are written, our own files as paths from the root. */
const imports = new Map(
  [...texts].map(([file, text]) => [
    file,
    [...text.matchAll(/(?:from|import\(?)\s*'([^']+)'/g)].map(([, name = '']) =>
      name.startsWith('.') ? normalize(join(dirname(file), name)) : name,
    ),
  ]),
);
const importsOf = (file: string): readonly string[] => imports.get(file) ?? [];

/** A room is a folder of `functions/` or of the root; the Lambda files beside the folders of `functions/` are the doors. */
const roomOf = (file: string) => {
  const [top = '', folder = '', ...deeper] = file.split('/');
  if (top !== 'functions') return top;
  return deeper.length === 0 ? 'doors' : folder;
};

/** Each room may use itself and the rooms named. Events and Account API do not know one another. */
const BELOW_DOORS = [
  ...[
    'core',
    'lambda',
    'jwt',
    'operations',
    'history',
    'events',
    'account-api',
    'devices',
    'resolve',
    'mirror',
    'sweep',
    'aws',
  ],
];
const PRODUCT = [...BELOW_DOORS, 'doors', 'infra', 'local', 'cli', 'client', 'examples'];
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  client: [],
  examples: ['client'],
  core: [],
  lambda: ['core'],
  operations: ['core', 'lambda'],
  // JWTs that an issuer signs with published keys: the bearers of phones, and events of some kinds.
  jwt: ['core'],
  events: ['core', 'lambda', 'operations', 'jwt'],
  'account-api': ['core', 'lambda', 'operations'],
  devices: ['core', 'lambda', 'operations', 'jwt'],
  history: ['core'],
  resolve: ['core', 'lambda', 'history'],
  mirror: ['core', 'lambda', 'operations', 'account-api'],
  sweep: ['core', 'lambda', 'history', 'mirror'],
  aws: BELOW_DOORS,
  doors: BELOW_DOORS,
  infra: ['core', 'lambda', 'events'],
  local: ['core', 'lambda', 'account-api', 'doors', 'infra'],
  // The command `conformance` is one of `bindery`, and its folder uses the parser of cli/.
  cli: [
    'conformance',
    'client',
    'core',
    'lambda',
    'history',
    'events',
    'account-api',
    'resolve',
    // The state of a mirror names accounts, and `erase` takes them out.
    'mirror',
    'sweep',
    'aws',
    'infra',
    'local',
  ],
  conformance: ['local', 'cli'],
  openapi: ['core', 'lambda', 'events', 'account-api', 'devices', 'resolve'],
  package: ['infra', 'local'],
  bench: [...PRODUCT, 'test'],
  test: [...PRODUCT, 'conformance', 'openapi', 'bench', 'package'],
};

/** Files of `functions/` that are not allowed to match, and do. */
const strays = (pattern: RegExp, allowed: (file: string) => boolean) =>
  functions.filter((file) => !allowed(file) && pattern.test(texts.get(file) ?? ''));

test('imports flow one way: core, lambda, operations, each subject, aws, the doors; then infra, local, cli, and the tests', () => {
  const uphill = [...texts.keys()].flatMap((file) =>
    importsOf(file)
      .filter((name) => texts.has(name))
      .filter((name) => ![roomOf(file), ...(MAY_USE[roomOf(file)] ?? [])].includes(roomOf(name)))
      .map((name) => `${file} → ${name}`),
  );
  expect(uphill).toEqual([]);
});

test('no file imports one that imports it back', () => {
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    importsOf(from).some((name) => {
      if (name === to) return true;
      if (seen.has(name)) return false;
      seen.add(name);
      return reaches(name, to, seen);
    });
  expect([...texts.keys()].filter((file) => reaches(file, file))).toEqual([]);
});

test('a door has at most 20 lines', () => {
  const linesOf = (file: string) => (texts.get(file) ?? '').trimEnd().split('\n').length;
  expect(functions.filter((file) => roomOf(file) === 'doors' && linesOf(file) > 20)).toEqual([]);
});

test('core imports zod and what computes, nothing else', () => {
  const allowed = ['zod/mini', 'zod/v4/locales/en.js', 'node:crypto', 'node:util', 'node:buffer'];
  const packages = functions
    .filter((file) => roomOf(file) === 'core')
    .flatMap((file) => importsOf(file).filter((name) => !texts.has(name)));
  expect(packages.filter((name) => !allowed.includes(name))).toEqual([]);
});

test('functions import zod in its small dialect: one import of the other would bundle both', () => {
  const zods = functions.flatMap((file) => importsOf(file).filter((name) => /^zod(?:\/|$)/.test(name)));
  expect([...new Set(zods)].sort()).toEqual(['zod/mini', 'zod/v4/core', 'zod/v4/locales/en.js']);
});

test('clock, chance, timers, environment and log are read in lambda, aws and the doors only', () => {
  const world = /Date\.now|new Date\(\)|Math\.random|randomUUID|setTimeout|process\.(?:env|exit|on|hrtime)|console[.[]/;
  expect(strays(world, (file) => ['lambda', 'aws', 'doors'].includes(roomOf(file)))).toEqual([]);
  expect(strays(/process\.env/, (file) => file === 'functions/lambda/environment.ts')).toEqual([]);
  expect(strays(/console[.[]/, (file) => file === 'functions/lambda/log.ts')).toEqual([]);
});

test("the wire's words stand in account-api/wire only", () => {
  const words = /operator_type|ret_code|retCode|err_msg|errMsg|token_accounts|account_tokens|account_list|token_list/;
  expect(strays(words, (file) => file.startsWith('functions/account-api/wire/'))).toEqual([]);
});

test('the AWS SDK is imported by aws and the doors only', () => {
  const sdk = functions.filter((file) => importsOf(file).some((name) => name.startsWith('@aws-sdk/')));
  expect(sdk.filter((file) => !['aws', 'doors'].includes(roomOf(file)))).toEqual([]);
});

// The kinds of sources check their options, and say which of them need a secret.
test('infra imports only configuration, environment and kinds of sources of functions', () => {
  const allowed = ['bindery-json', 'configuration', 'identity'].map((name) => `functions/core/${name}.ts`);
  allowed.push('functions/lambda/environment.ts', 'functions/lambda/device-environment.ts');
  allowed.push('functions/events/kinds.ts', 'functions/events/source.ts');
  const isKind = (name: string) => name.startsWith('functions/events/sources/');
  const imported = [...texts.keys()].filter((file) => file.startsWith('infra/')).flatMap(importsOf);
  expect(imported.filter((name) => name.startsWith('functions/') && !allowed.includes(name) && !isKind(name))).toEqual(
    [],
  );
});

test('the client imports nothing but itself, so that a back end can copy it', () => {
  const client = [...texts.keys()].filter((file) => file.startsWith('client/'));
  expect(client.length).toBeGreaterThan(0);
  expect(client.flatMap(importsOf).filter((name) => !client.includes(name))).toEqual([]);
});
