import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RULES } from '../../../conformance/rules.ts';
import { LIMITS } from '../../../functions/account-api/wire/elements.ts';
import { PATHS } from '../../../functions/account-api/wire/endpoint.ts';
import { RESULTS } from '../../../functions/account-api/wire/operate.ts';
import { FOUND } from '../../../functions/account-api/wire/query.ts';
import { STATUSES } from '../../../functions/account-api/wire/statuses.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/account-api.md'), 'utf8');

/** The rows of each table whose header begins with these cells, without the cells that follow. */
function tablesOf(...header: string[]): string[][] {
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const lines = page.split('\n');
  return lines.flatMap((line, at) => {
    if (header.some((name, i) => cells(line)[i] !== name)) return [];
    const rest = lines.slice(at + 2);
    const end = rest.findIndex((row) => !row.startsWith('|'));
    return rest.slice(0, end === -1 ? undefined : end).map((row) => cells(row).slice(0, header.length));
  });
}

test('the page has every status with its codes and texts, and no other', () => {
  const inCode = Object.entries(STATUSES).map(([name, { http, xg, tpns }]) =>
    [name, http, xg.code, xg.text, tpns.code, tpns.text].map(String),
  );
  expect(tablesOf('name', 'HTTP', 'XG code', 'XG text', 'TPNS code', 'TPNS text')).toEqual(inCode);
});

test('the page has every result of an element, and no other', () => {
  const { xg, tpns } = RESULTS;
  expect(tablesOf('result', 'XG', 'TPNS')).toEqual([
    ['done', xg.done, tpns.done],
    ['unknownToken', xg.unknownToken, tpns.unknownToken],
    ['refused', xg.refused, tpns.refused],
    ['unavailable', xg.unavailable, tpns.unavailable],
  ]);
  expect(page).toContain(`an element's result is \`${FOUND.some}\`, or \`${FOUND.none}\``);
});

test('the page has the limits of every list', () => {
  const onTokens = `${LIMITS.tokens} tokens, ${LIMITS.accountsOfToken} accounts on each`;
  const limits = [onTokens, onTokens, onTokens, `${LIMITS.tokensToClear}`, `${LIMITS.accountsToClear}`];
  expect(tablesOf('`operator_type`', 'batchoperate', 'list', 'elements').map((row) => row[3])).toEqual(limits);
  const queried = [`${LIMITS.queried}`, `${LIMITS.queried}`];
  expect(tablesOf('`operator_type`', 'query', 'list', 'elements').map((row) => row[3])).toEqual(queried);
});

test('the page has the paths', () => {
  for (const path of Object.values(PATHS)) expect(page).toContain(`\`POST ${path}\``);
});

test('the page names for every question a conformance rule or a test that exists', () => {
  const tests = globSync('test/account-api/**/*.test.ts', { cwd: root })
    .map((file) => readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'"))
    .join('\n');
  const rows = [
    ...tablesOf('#', 'question', 'answer', 'held by').map((row) => row.slice(1)),
    ...tablesOf('question', 'answer', 'held by'),
  ];
  const rules = RULES.map(({ name }) => `\`${name}\``);
  const holders = rows.map(([question, , holder = '']) => holder || `no holder: ${question}`);
  const isTitle = (holder: string) => /^".+"$/.test(holder) && tests.includes(holder.slice(1, -1));
  expect(holders.filter((holder) => !rules.includes(holder) && !isTitle(holder))).toEqual([]);
  expect(tablesOf('#').map(([number]) => number)).toEqual(Array.from({ length: 26 }, (_, i) => `${i + 1}`));
});
