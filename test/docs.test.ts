import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { REFUSALS } from '../functions/events/handler.ts';
import { AppEvent } from '../functions/events/sources/standard-webhooks.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** The rows of a page's tables, cell by cell. */
const rows = (page: string): string[][] =>
  page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()));

/** What stands in code quotes in a text. */
const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

const eventTypes = AppEvent.def.options.flatMap(({ shape }) => shape.type.def.values);

describe('README', () => {
  const readme = read('README.md');

  test('has every event in its table, and only those', () => {
    const listed = rows(readme).flatMap(([first = '']) =>
      quoted(first).filter((code) => /^(user|device)\./.test(code)),
    );
    expect(listed.sort()).toEqual([...eventTypes].sort());
  });

  test('draws a map of folders that exist, and leaves none out', () => {
    const mapped = rows(readme).flatMap(([first = '']) => quoted(first).filter((code) => code.endsWith('/')));
    expect(mapped.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
    const folders = ['*/', 'functions/*/'].flatMap((pattern) =>
      globSync(pattern, { cwd: root, exclude: ['node_modules', 'cdk.out'] }),
    );
    expect(
      folders.map((folder) => `${folder.replace(/\/$/, '')}/`).filter((folder) => !mapped.includes(folder)),
    ).toEqual([]);
  });

  test('names only commands that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = [...readme.matchAll(/(?:npm run ([a-z:]+)|npm (start|test|ci))\b/g)].map(
      ([, run, own]) => run ?? own ?? '',
    );
    expect(named.filter((name) => name !== 'ci' && !(name in scripts))).toEqual([]);
  });
});

describe('docs/events.md', () => {
  const page = read('docs/events.md');

  test('has every event in its table, and only those', () => {
    const listed = rows(page).flatMap(([first = '']) => quoted(first).filter((code) => /^(user|device)\./.test(code)));
    expect(listed.sort()).toEqual([...eventTypes].sort());
  });

  test('has every refusal with its status, and only those', () => {
    const listed = rows(page)
      .filter(([status = '']) => /^4\d\d$/.test(status))
      .flatMap(([status, codes = '']) => quoted(codes).map((code) => `${status} ${code}`));
    expect(listed.sort()).toEqual(
      Object.entries(REFUSALS)
        .map(([code, { status }]) => `${status} ${code}`)
        .sort(),
    );
  });
});

test('every link in the documentation leads to a file that exists', () => {
  const pages = ['README.md', 'CHANGELOG.md', ...globSync('docs/*.md', { cwd: root })];
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)]
      .map(([, target = '']) => join(root, dirname(page), target))
      .filter((target) => !existsSync(target))
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
});
