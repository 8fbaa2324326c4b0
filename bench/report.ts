import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { columns } from '../cli/table.ts';

/**
 * One line of a report: our figure, the floor or peer of the same run, and `ours / reference`. A figure without a reference
 * has the reference NaN. `goal` bounds the figure that `goalOf` names. Both, and `met`, are null in a row without a goal.
 */
export type Row = {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly reference: number;
  readonly ratio: number;
  readonly goal: number | null;
  readonly met: Verdict | null;
  readonly goalOf?: GoalOf;
};

/** `close`: the figure keeps the goal, but not by the margin. The next run may miss it, so this is not met. */
type Verdict = 'yes' | 'close' | 'NO';

/**
 * The bound of a goal, of the ratio or of `ours` itself. `margin`: how much the figure moves from run to run, as a share of
 * itself; 0 for what is counted.
 */
type GoalOf = { readonly figure: 'ratio' | 'ours'; readonly bound: 'at most' | 'at least'; readonly margin: number };

export type Goal = GoalOf & { readonly value: number };

/** A ratio of times moves by a tenth from run to run. */
const NOISE = 0.1;

export const atMost = (value: number, figure: Goal['figure'] = 'ratio', margin = NOISE): Goal => ({
  ...{ figure, bound: 'at most', value, margin },
});
export const atLeast = (value: number, figure: Goal['figure'] = 'ratio', margin = NOISE): Goal => ({
  ...{ figure, bound: 'at least', value, margin },
});

type Figures = {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly reference: number;
};

/** Makes a row: adds the ratio and compares it with the goal. */
export function row({ name, unit, ours, reference }: Figures, goal?: Goal): Row {
  const ratio = ours / reference;
  if (goal === undefined) return { name, unit, ours, reference, ratio, goal: null, met: null };
  const { value, ...goalOf } = goal;
  const met = verdict(goal, goal.figure === 'ratio' ? ratio : ours);
  return { name, unit, ours, reference, ratio, goal: value, met, goalOf };
}

function verdict({ bound, value, margin }: Goal, figure: number): Verdict {
  const keeps = (worse: number) => (bound === 'at most' ? figure * worse <= value : figure / worse >= value);
  return keeps(1 + margin) ? 'yes' : keeps(1) ? 'close' : 'NO';
}

export type Report = {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Lines below the table, such as why a row is missing. */
  readonly notes?: readonly string[];
};

/** Formats the report: the machine that measured it, and one aligned table. */
export function tableOf({ title, rows, notes = [] }: Report): string {
  const lines = columns(aligned([HEAD, ...rows.map(cellsOf)]));
  const about = rows.some(({ goalOf }) => goalOf !== undefined && goalOf.margin > 0) ? [...notes, VERDICTS] : notes;
  return [title, ...machine().map((line) => `  ${line}`), '', ...lines, ...about.map((note) => `  ${note}`)].join('\n');
}

const HEAD = ['', 'unit', 'ours', 'reference', 'ratio', 'goal', 'met'];
const VERDICTS = `met: with ${NOISE * 100} % to spare, as a ratio moves from run to run; close: not by that much, which counts as a miss`;

/** Formats rows as a table in Markdown, for docs/performance and the README. */
export const markdownOf = (rows: readonly Row[]): string =>
  [HEAD, HEAD.map(() => '---'), ...rows.map(cellsOf)]
    .map((cells) => `| ${cells.map((cell) => cell.replace(/^(NO|close)$/, '**$1**')).join(' | ')} |`)
    .join('\n');

const cellsOf = ({ name, unit, ours, reference, ratio, goal, goalOf, met }: Row): string[] => [
  name,
  unit,
  figure(ours),
  figure(reference),
  figure(ratio),
  goal === null ? '' : `${SIGNS[goalOf?.bound ?? 'at most']} ${goal}${goalOf?.figure === 'ours' ? ' (ours)' : ''}`,
  met ?? '',
];

const SIGNS = { 'at most': '≤', 'at least': '≥' } as const;

/** Columns of figures, which are aligned to the right. */
const FIGURES: readonly number[] = [2, 3, 4];

function aligned(table: readonly string[][]): string[][] {
  const widths = FIGURES.map((column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table.map((cells) => cells.map((cell, i) => cell.padStart(widths[FIGURES.indexOf(i)] ?? 0)));
}

/** Formats a figure with three significant digits: the digits after them differ from run to run. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** Describes the machine: processor, Node and the pinned versions of the libraries that matter. */
export function machine(): string[] {
  const cores = cpus();
  return [
    `${cores[0]?.model.trim() ?? 'unknown processor'}, ${cores.length} cores, Node ${process.versions.node} (${process.platform} ${process.arch})`,
    LIBRARIES.map((name) => `${name} ${versionOf(name)}`).join(', '),
  ];
}

const LIBRARIES = ['@aws-sdk/client-sqs', '@aws-sdk/client-dynamodb', '@middy/core', 'zod'];

/** The installed version of a package. */
export function versionOf(name: string): string {
  const file = join(import.meta.dirname, '..', 'node_modules', name, 'package.json');
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return version;
}

/** Formats the rows as JSON, for programs that compare runs. */
export const jsonOf = (rows: readonly Row[]): string => `${JSON.stringify(rows, null, 2)}\n`;

/** Prints the table. Also writes the rows to `file`, if there is one. */
export function publish(report: Report, file?: string): void {
  process.stdout.write(`${tableOf(report)}\n`);
  if (file !== undefined) writeFileSync(file, jsonOf(report.rows));
}
