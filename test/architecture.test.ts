import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const files = globSync('functions/**/*.ts', { cwd: root });
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** What a file imports, each as written and, where it is a file of ours, as a path from the root. */
const importsOf = (file: string) =>
  [...read(file).matchAll(/(?:from|import\(?)\s*'([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('.') ? normalize(join(dirname(file), name)) : name,
  );

/** A room of `functions/` is a folder; the Lambda files beside the folders are the doors. */
const roomOf = (file: string) => {
  const [top = '', folder = '', ...deeper] = file.split('/');
  if (top !== 'functions') return top;
  return deeper.length === 0 ? 'doors' : folder;
};

/** Each room may use itself and the rooms named. Events, Account API and devices do not know one another. */
const BELOW_DOORS = ['core', 'lambda', 'operations', 'events', 'account-api', 'mirror', 'sweep', 'aws'];
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  core: [],
  lambda: ['core'],
  operations: ['core', 'lambda'],
  events: ['core', 'lambda', 'operations'],
  'account-api': ['core', 'lambda', 'operations'],
  mirror: ['core', 'lambda', 'operations', 'account-api'],
  sweep: ['core', 'lambda', 'mirror'],
  aws: BELOW_DOORS,
  doors: BELOW_DOORS,
};

/** Files outside `rooms` whose text matches. */
const strays = (pattern: RegExp, allowed: (file: string) => boolean) =>
  files.filter((file) => !allowed(file) && pattern.test(read(file)));

describe('the rooms of functions/', () => {
  test('imports flow one way: core, lambda, operations, then each subject, then aws, then the doors', () => {
    const uphill = files.flatMap((file) =>
      importsOf(file)
        .filter((name) => name.startsWith('functions/'))
        .filter((name) => ![roomOf(file), ...(MAY_USE[roomOf(file)] ?? [])].includes(roomOf(name)))
        .map((name) => `${file} → ${name}`),
    );
    expect(uphill).toEqual([]);
  });

  test('no file imports one that imports it back', () => {
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
      importsOf(from).some((name) => {
        if (name === to) return true;
        if (seen.has(name) || !name.startsWith('functions/')) return false;
        seen.add(name);
        return reaches(name, to, seen);
      });
    expect(files.filter((file) => reaches(file, file))).toEqual([]);
  });

  test('core stands on zod and on what computes, nothing else', () => {
    const allowed = ['zod/mini', 'zod/v4/locales/en.js', 'node:crypto', 'node:util', 'node:buffer'];
    const packages = files
      .filter((file) => roomOf(file) === 'core')
      .flatMap((file) => importsOf(file).filter((name) => !name.startsWith('functions/')));
    expect(packages.filter((name) => !allowed.includes(name))).toEqual([]);
  });

  test('zod is its small dialect: a single import of the other would bring both', () => {
    const zods = files.flatMap((file) => importsOf(file).filter((name) => /^zod(?:\/|$)/.test(name)));
    expect([...new Set(zods)].sort()).toEqual(['zod/mini', 'zod/v4/core', 'zod/v4/locales/en.js']);
  });

  test('clock, chance, waiting, environment and log are read in lambda, aws and the doors, and handed inward', () => {
    const world =
      /Date\.now|new Date\(\)|Math\.random|randomUUID|setTimeout|process\.(?:env|exit|on|hrtime)|console[.[]/;
    expect(strays(world, (file) => ['lambda', 'aws', 'doors'].includes(roomOf(file)))).toEqual([]);
    expect(strays(/process\.env/, (file) => file === 'functions/lambda/environment.ts')).toEqual([]);
    expect(strays(/console[.[]/, (file) => file === 'functions/lambda/log.ts')).toEqual([]);
  });

  test("the wire's words stay in wire", () => {
    const words = /operator_type|ret_code|retCode|err_msg|errMsg|token_accounts|account_tokens|account_list|token_list/;
    expect(strays(words, (file) => file.startsWith('functions/account-api/wire/'))).toEqual([]);
  });

  test('only aws and the doors import the AWS SDK', () => {
    const aws = files.filter((file) => importsOf(file).some((name) => name.startsWith('@aws-sdk/')));
    expect(aws.filter((file) => !['aws', 'doors'].includes(roomOf(file)))).toEqual([]);
  });

  test('infra takes nothing from functions but configuration', () => {
    const allowed = ['functions/core/configuration.ts', 'functions/lambda/environment.ts'];
    const taken = globSync('infra/**/*.ts', { cwd: root }).flatMap((file) =>
      importsOf(file).filter((name) => name.startsWith('functions/')),
    );
    expect(taken.filter((name) => !allowed.includes(name))).toEqual([]);
  });
});
