import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readConfiguration } from '../../infra/configuration.ts';

const folder = mkdtempSync(join(tmpdir(), 'bindery-configuration-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'bindery.json');
const problemsOf = (text: string): string[] => {
  writeFileSync(file, text);
  const read = readConfiguration(file);
  return 'problems' in read ? read.problems.map((problem) => problem.replace(`${file}: `, '')) : [];
};

test('all problems are reported at once, each with its place', () => {
  const text = JSON.stringify({
    apps: [
      { id: 'a b', dialect: 'xgg', platform: 'android', extra: 1 },
      { id: 'ios', dialect: 'xg', platform: 'ios', mirror: { url: 'http://push.example', app: '1', dialect: 'xg' } },
    ],
    sources: [],
  });
  expect(problemsOf(text).map((problem) => problem.split(': ')[0])).toEqual([
    'apps[0].id',
    'apps[0].dialect',
    'apps[0]',
    'apps[1].mirror.url',
    'sources',
  ]);
});

test('a source of an unknown app is a problem', () => {
  const app = { id: 'ios', dialect: 'xg', platform: 'ios' };
  const source = { id: 'web', kind: 'standard-webhooks', apps: ['ios', 'tvos'] };
  expect(problemsOf(JSON.stringify({ apps: [app], sources: [source] }))).toEqual([
    'sources[0].apps[1]: there is no app "tvos"',
  ]);
});

test('a file that is not JSON is one problem', () => {
  expect(problemsOf('{ "apps" [')).toEqual([expect.stringMatching(/^is not JSON: .* position 9/)]);
});
