import { expect, test } from 'vitest';
import { atLeast, atMost, figure, jsonOf, markdownOf, row, tableOf } from '../../bench/report.ts';

const measured = { name: 'apply', unit: 'operations/s', ours: 80, reference: 100 };

test('a row has the ratio of our figure and the reference', () => {
  expect(row(measured)).toEqual({ ...measured, ratio: 0.8, goal: null, met: null });
});

test.each([
  ['a ratio', [atLeast(0.7), atLeast(0.8), atLeast(0.81), atMost(0.9), atMost(0.8), atMost(0.79)]],
  [
    'our figure',
    [...[70, 80, 81].map((value) => atLeast(value, 'ours')), ...[90, 80, 79].map((value) => atMost(value, 'ours'))],
  ],
])('a row meets a goal that bounds %s if it keeps it with a tenth to spare', (_, goals) => {
  const verdicts = goals.map((goal) => row(measured, goal).met);
  expect(verdicts).toEqual(['yes', 'close', 'NO', 'yes', 'close', 'NO']);
});

test('a row whose figure is counted meets a goal without a margin', () => {
  expect(row(measured, atMost(80, 'ours', 0)).met).toBe('yes');
});

test('a report in JSON has a verdict and its margin in each row with a goal', () => {
  const goalOf = { figure: 'ratio', bound: 'at least', margin: 0.1 };
  expect(JSON.parse(jsonOf([row(measured, atLeast(0.8))]))).toEqual([
    { name: 'apply', unit: 'operations/s', ours: 80, reference: 100, ratio: 0.8, goal: 0.8, met: 'close', goalOf },
  ]);
});

test('rows in Markdown have a missed goal in bold, and a dash in place of a reference that there is not', () => {
  const lines = markdownOf([row(measured, atLeast(0.9)), row({ ...measured, reference: Number.NaN })]).split('\n');
  expect(lines.slice(1)).toEqual([
    '| --- | --- | --- | --- | --- | --- | --- |',
    '| apply | operations/s | 80 | 100 | 0.8 | ≥ 0.9 | **NO** |',
    '| apply | operations/s | 80 | - | - |  |  |',
  ]);
});

test('a printed report has the machine, the direction of each goal, and the notes', () => {
  const rows = [row(measured, atLeast(0.9)), row({ ...measured, ours: 1234 }, atMost(2000, 'ours'))];
  const lines = tableOf({ title: 'what it costs', rows, notes: ['no peer: there is no Redis'] }).split('\n');
  expect(lines[0]).toBe('what it costs');
  expect(lines[1]).toContain(`Node ${process.versions.node}`);
  expect(lines[2]).toContain('@aws-sdk/client-sqs 3.');
  expect(lines.slice(4)).toEqual([
    '         unit           ours  reference  ratio  goal           met',
    '  apply  operations/s     80        100    0.8  ≥ 0.9          NO',
    '  apply  operations/s  1,234        100   12.3  ≤ 2000 (ours)  yes',
    '  no peer: there is no Redis',
    '  met: with 10 % to spare, as a ratio moves from run to run; close: not by that much, which counts as a miss',
  ]);
});

test.each([
  [0.034567, '0.0346'],
  [3, '3'],
  [123.4, '123'],
  [54_321.9, '54,322'],
  [Number.NaN, '-'],
])('the figure %d is printed as %s', (value, text) => expect(figure(value)).toBe(text));
