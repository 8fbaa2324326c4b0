import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { Configuration } from '../functions/core/bindery-json.ts';
import { App, Mirror, Source } from '../functions/core/configuration.ts';
import { Identity, Reader } from '../functions/core/identity.ts';
import { REFUSALS } from '../functions/events/handler.ts';
import { AppEvent } from '../functions/events/sources/standard-webhooks.ts';
import { Stage } from '../infra/stages.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const pages = ['*.md', 'docs/*.md', 'docs/*/*.md'].flatMap((pattern) => globSync(pattern, { cwd: root })).sort();

/** The rows of a page's tables, cell by cell. */
const rows = (page: string): string[][] =>
  page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()));

/** The texts in code quotes. */
const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

const firstCells = (page: string): string[] => rows(page).flatMap(([first = '']) => quoted(first));

test('the map of README has a row for every folder, and every row names a folder that exists', () => {
  const mapped = firstCells(read('README.md')).filter((code) => code.endsWith('/'));
  expect(mapped.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
  const folders = ['*/', 'functions/*/'].flatMap((pattern) =>
    globSync(pattern, { cwd: root, exclude: ['node_modules', 'cdk.out', 'bundles', 'dist', 'release'] }),
  );
  expect(folders.map((folder) => `${folder.replace(/\/$/, '')}/`).filter((folder) => !mapped.includes(folder))).toEqual(
    [],
  );
});

test('README has at most 120 lines', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(120);
});

test('docs/glossary.md has at most 33 words, each once, with one sentence each', () => {
  const words = rows(read('docs/glossary.md')).slice(2);
  expect(words.length).toBeLessThanOrEqual(33);
  expect(new Set(words.map(([word]) => word)).size).toBe(words.length);
  for (const [, meaning] of words) expect(meaning).toMatch(/^[A-Z][^.]+(\.json[^.]*)?\.$/);
});

test('every page names only commands that package.json has', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const unknown = pages.flatMap((page) =>
    [...read(page).matchAll(/(?:npm run ([a-z:]+)|npm (start|test|ci))\b/g)]
      .map(([, run, own]) => run ?? own ?? '')
      .filter((name) => name !== 'ci' && !(name in scripts))
      .map((name) => `${page}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test('every cost row of README is also in docs/performance/README.md', () => {
  const all = rows(read('docs/performance/README.md')).map((row) => row.join(' | '));
  const shown = rows(read('README.md')).filter((row) => row.length === 7);
  expect(shown.length).toBe(7);
  expect(shown.map((row) => row.join(' | ')).filter((row) => !all.includes(row))).toEqual([]);
});

test('docs/events.md has every event in its table, and no other', () => {
  const types = AppEvent.def.options.flatMap(({ shape }) => shape.type.def.values);
  const listed = firstCells(read('docs/events.md')).filter((code) => /^(user|device)\./.test(code));
  expect(listed.sort()).toEqual([...types].sort());
});

test('docs/events.md has every refusal with its status, and no other', () => {
  const listed = rows(read('docs/events.md'))
    .filter(([status = '']) => /^4\d\d$/.test(status))
    .flatMap(([status, codes = '']) => quoted(codes).map((code) => `${status} ${code}`));
  expect(listed.sort()).toEqual(
    Object.entries(REFUSALS)
      .map(([code, { status }]) => `${status} ${code}`)
      .sort(),
  );
});

test('docs/configuration.md has every field of bindery.json, and no other', () => {
  const fields = [App._zod.def.in, Mirror, Source, Identity, Reader, Stage].flatMap(({ shape }) => Object.keys(shape));
  const page = read('docs/configuration.md');
  expect(firstCells(page).sort()).toEqual(fields.sort());
  for (const list of Object.keys(Configuration.shape).filter((key) => key !== '$schema' && key !== 'history'))
    expect(page).toContain(`\`${list}\` is a list`);
});

test('every page names only files of the project that exist', () => {
  const FILE = /`((?:functions|infra|local|cli|test|bench|conformance|openapi)\/[\w./-]+\.(?:ts|json))`/g;
  const missing = pages.flatMap((page) =>
    [...read(page).matchAll(FILE)]
      .map(([, file = '']) => file)
      .filter((file) => !existsSync(join(root, file)))
      .map((file) => `${page}: ${file}`),
  );
  expect(missing).toEqual([]);
});

test('every page names actors and opens no sentence with a question word', () => {
  const prose = (page: string) => read(page).replaceAll(/```[\s\S]*?```|`[^`]*`|"[^"]*"|\*[^*\n]+\*/g, '');
  const faults = pages.flatMap((page) =>
    prose(page)
      .split('\n')
      .filter((line) => UNNAMED_ACTOR.test(line) || UNNAMED_THING.test(line))
      .map((line) => `${page}: ${line}`),
  );
  expect(faults).toEqual([]);
});

const UNNAMED_ACTOR = /\b(whoever|nobody|somebody|anybody|everybody|whom)\b/i;
const UNNAMED_THING = /(^(- |\d+\. |\| )?|[.:] )(What|Whatever|Who|Whoever|Whether|Where|Those|Nothing|The same)\b/;

/** A heading as a link spells it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');

test('every link in the documentation leads to a file and a heading that exist', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : join(dirname(page), path);
        if (!existsSync(join(root, target))) return true;
        const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
        return anchor !== undefined && !headings.includes(anchor);
      })
      .map((link) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});
