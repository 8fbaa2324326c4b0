import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { column, csvOf, parseTable } from '../../bench/scale/csv.ts';
import { PLOTS } from '../../bench/scale/plots.ts';
import { svgOf } from '../../bench/scale/svg.ts';

const folder = join(import.meta.dirname, '../../docs/performance');
const read = (file: string) => readFileSync(join(folder, file), 'utf8');

const table = {
  columns: ['events', 'cpu_ms'],
  rows: [
    [1, 2.5],
    [100, 0.0001234],
  ],
};

test('a table in CSV is parsed to the same table', () => {
  expect(parseTable(csvOf(table))).toEqual(table);
  expect(column(table, 'cpu_ms')).toEqual([2.5, 0.0001234]);
});

test('a column that a table lacks is an error with its name', () => {
  expect(() => column(table, 'cpu')).toThrow('no column is called cpu');
});

for (const [name, { csv, plot }] of Object.entries(PLOTS)) {
  const svg = svgOf(parseTable(read(`${csv}.csv`)), plot);

  test(`the plot ${name} in docs is drawn from the CSV in docs`, () => {
    expect(read(`${name}.svg`)).toBe(svg);
  });

  test(`the plot ${name} has its title, the labels of both axes and every line, and colours for a dark page`, () => {
    expect(svg).toContain('prefers-color-scheme: dark');
    for (const text of [plot.title, plot.x.label, plot.y.label, ...plot.lines.map(({ label }) => label)])
      expect(svg).toContain(`>${text}</text>`);
  });

  test(`the plot ${name} draws every point inside its frame`, () => {
    const points = [...svg.matchAll(/points="([^"]+)"/g)].flatMap(([, list = '']) => list.split(' '));
    const outside = points.filter((point) => {
      const [x = Number.NaN, y = Number.NaN] = point.split(',').map(Number);
      return !(x >= 76 && x <= 616 && y >= 76 && y <= 344);
    });
    expect({ points: points.length > 0, outside }).toEqual({ points: true, outside: [] });
  });
}
