import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { columns } from '../cli/table.ts';

/**
 * One measured line: ours, the floor or peer of the same run, and `ours / reference`. `goal` is what the issue asks of
 * the figure that `goalOf` names, `met` whether it is so; both are null where nothing is asked.
 */
export type Row = {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly reference: number;
  readonly ratio: number;
  readonly goal: number | null;
  readonly met: boolean | null;
  /** How the goal is to be read: `at most` or `at least`, of the ratio or of `ours` itself. Printed, not in the JSON. */
  readonly goalOf?: GoalOf;
};

type GoalOf = { readonly figure: 'ratio' | 'ours'; readonly bound: 'at most' | 'at least' };

export type Goal = GoalOf & { readonly value: number };

export const atMost = (value: number, figure: Goal['figure'] = 'ratio'): Goal => ({ figure, bound: 'at most', value });
export const atLeast = (value: number, figure: Goal['figure'] = 'ratio'): Goal => ({
  figure,
  bound: 'at least',
  value,
});

export type Measured = {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly reference: number;
};

/** A row with its ratio, compared with its goal. */
export function row({ name, unit, ours, reference }: Measured, goal?: Goal): Row {
  const ratio = ours / reference;
  if (goal === undefined) return { name, unit, ours, reference, ratio, goal: null, met: null };
  const figure = goal.figure === 'ratio' ? ratio : ours;
  const met = goal.bound === 'at most' ? figure <= goal.value : figure >= goal.value;
  return { name, unit, ours, reference, ratio, goal: goal.value, met, goalOf: goal };
}

export type Report = {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Lines below the table: what was left out, and why. */
  readonly notes?: readonly string[];
};

/** The report as one aligned table under the machine it was measured on. */
export function tableOf({ title, rows, notes = [] }: Report): string {
  const head = ['', 'unit', 'ours', 'reference', 'ratio', 'goal', 'met'];
  const lines = columns(aligned([head, ...rows.map(cellsOf)]));
  return [title, ...machine().map((line) => `  ${line}`), '', ...lines, ...notes.map((note) => `  ${note}`)].join('\n');
}

const cellsOf = ({ name, unit, ours, reference, ratio, goal, goalOf, met }: Row): string[] => [
  name,
  unit,
  figure(ours),
  figure(reference),
  figure(ratio),
  goal === null ? '' : `${SIGNS[goalOf?.bound ?? 'at most']} ${goal}${goalOf?.figure === 'ours' ? ' (ours)' : ''}`,
  met === null ? '' : met ? 'yes' : 'NO',
];

const SIGNS = { 'at most': '≤', 'at least': '≥' } as const;

/** Columns of figures, which end under each other. */
const FIGURES: readonly number[] = [2, 3, 4];

function aligned(table: readonly string[][]): string[][] {
  const widths = FIGURES.map((column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table.map((cells) => cells.map((cell, i) => cell.padStart(widths[FIGURES.indexOf(i)] ?? 0)));
}

/** Three significant digits: more would be the machine's mood. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** What the figures were measured on: processor, Node and the pinned versions of the libraries that matter. */
function machine(): string[] {
  const cores = cpus();
  return [
    `${cores[0]?.model.trim() ?? 'unknown processor'}, ${cores.length} cores, Node ${process.versions.node} (${process.platform} ${process.arch})`,
    LIBRARIES.map((name) => `${name} ${versionOf(name)}`).join(', '),
  ];
}

const LIBRARIES = ['@aws-sdk/client-sqs', '@aws-sdk/client-dynamodb', '@middy/core', 'zod'];

/** The version that is installed. */
export function versionOf(name: string): string {
  const file = join(import.meta.dirname, '..', 'node_modules', name, 'package.json');
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return version;
}

/** The rows as JSON, for whoever compares runs. */
export const jsonOf = (rows: readonly Row[]): string =>
  `${JSON.stringify(
    rows.map(({ goalOf: _, ...kept }) => kept),
    null,
    2,
  )}\n`;

/** Prints the table; with a file, writes the rows there too. */
export function publish(report: Report, file?: string): void {
  process.stdout.write(`${tableOf(report)}\n`);
  if (file !== undefined) writeFileSync(file, jsonOf(report.rows));
}
