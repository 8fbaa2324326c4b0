import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { atMost, row } from '../../bench/report.ts';
import { withFigures } from '../../bench/table/table.ts';

const figures = { name: 'a door', unit: 'µs', ours: 3, reference: 1 };
const rows = [row(figures), row(figures, atMost(1)), row(figures, atMost(4))];

test.each(['README.md', 'docs/performance/README.md'])('%s gets the table, the misses and the day of a run', (file) => {
  const before = readFileSync(file, 'utf8');
  const after = withFigures(before, rows.slice(1), rows, new Date('2027-01-02T03:04:05Z'));
  expect(
    after
      .match(/^\|.*unit.*\n(?:\|.*\n)+/m)?.[0]
      .split('\n')
      .slice(2),
  ).toEqual(['| a door | µs | 3 | 1 | 3 | ≤ 1 | **NO** |', '| a door | µs | 3 | 1 | 3 | ≤ 4 | yes |', '']);
  expect(after).toContain('1 of 2 goals are missed');
  expect(after).toContain('Printed on 2027-01-02: ');
  const withoutTables = (text: string) =>
    text.split('\n').filter((line) => !/^\||goals are missed|^Printed/.test(line));
  expect(withoutTables(after)).toEqual(withoutTables(before));
});
