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

const roomOf = (file: string) =>
  /^functions\/(\w+)\//.exec(file)?.[1] ?? (file.startsWith('functions/') ? 'doors' : file);

/** Each room may use itself and the rooms named. */
const MAY_USE: Record<string, readonly string[]> = {
  core: [],
  wire: ['core'],
  sources: ['core'],
  handlers: ['wire', 'sources', 'core'],
  adapters: ['handlers', 'wire', 'sources', 'core'],
  doors: ['adapters', 'handlers', 'wire', 'sources', 'core'],
};

/** Files outside `rooms` whose text matches. */
const strays = (pattern: RegExp, allowed: (file: string) => boolean) =>
  files.filter((file) => !allowed(file) && pattern.test(read(file)));

describe('the rooms of functions/', () => {
  test('imports flow one way: doors, adapters, handlers, then wire and sources, then core', () => {
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

  test('clock, chance, waiting, environment and log are adapters, handed inward', () => {
    const world =
      /Date\.now|new Date\(\)|Math\.random|randomUUID|setTimeout|process\.(?:env|exit|on|hrtime)|console[.[]/;
    expect(strays(world, (file) => ['adapters', 'doors'].includes(roomOf(file)))).toEqual([]);
    expect(strays(/process\.env/, (file) => file === 'functions/adapters/environment.ts')).toEqual([]);
    expect(strays(/console[.[]/, (file) => file === 'functions/adapters/log.ts')).toEqual([]);
  });

  test("the wire's words stay in wire", () => {
    const words = /operator_type|ret_code|retCode|err_msg|errMsg|token_accounts|account_tokens|account_list|token_list/;
    expect(strays(words, (file) => roomOf(file) === 'wire')).toEqual([]);
  });

  test('only adapters and doors know AWS', () => {
    const aws = files.filter((file) => importsOf(file).some((name) => name.startsWith('@aws-sdk/')));
    expect(aws.filter((file) => !['adapters', 'doors'].includes(roomOf(file)))).toEqual([]);
  });

  test('infra takes nothing from functions but configuration', () => {
    const allowed = ['functions/core/configuration.ts', 'functions/adapters/environment.ts'];
    const taken = globSync('infra/**/*.ts', { cwd: root }).flatMap((file) =>
      importsOf(file).filter((name) => name.startsWith('functions/')),
    );
    expect(taken.filter((name) => !allowed.includes(name))).toEqual([]);
  });
});
