import type { QueryRequest } from '../functions/account-api/wire/query.ts';
import type { Found, QueryAnswer } from './account-query.ts';
import { printable } from './dlq/block.ts';

/** Rows as lines of aligned columns, indented by two spaces. Widths are counted in characters. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, length(cell));
  return rows.map((row) => `  ${row.map((cell, i) => padded(cell, widths[i] ?? 0)).join('  ')}`.trimEnd());
}

const length = (text: string): number => [...text].length;

const padded = (text: string, width: number): string => text + ' '.repeat(width - length(text));

/** What was found, a line for each binding, newest first; a dash where nothing is bound. */
export function tableOf({ kind }: QueryRequest, answers: readonly QueryAnswer[]): string[] {
  const rows = answers.flatMap(({ app, found }) => (found ? rowsOf(found).map((row) => [app, ...row]) : []));
  if (rows.length === 0) return [];
  const head = kind === 'tokensOf' ? ['account', 'type', 'token'] : ['token', 'account', 'type'];
  const isOneApp = answers.length === 1;
  return columns([['app', ...head], ...rows].map((row) => (isOneApp ? row.slice(1) : row).map(printable)));
}

const NOTHING = '-';

const rowsOf = ({ tokensOf = [], accountsOf = [] }: Found): string[][] => [
  ...tokensOf.flatMap(({ account, tokens }) =>
    (tokens.length > 0 ? tokens : [NOTHING]).map((token) => [account.id, `${account.type}`, token]),
  ),
  ...accountsOf.flatMap(({ token, accounts }) =>
    accounts.length > 0
      ? accounts.map((account) => [token, account.id, `${account.type}`])
      : [[token, NOTHING, NOTHING]],
  ),
];
