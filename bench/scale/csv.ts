/** Figures: a row for each point, a column for each quantity with its unit in the name. */
export type Table = { readonly columns: readonly string[]; readonly rows: readonly (readonly number[])[] };

/** Formats a table as CSV (RFC 4180). Columns are plain words and values numbers, so no cell needs quotes. */
export const csvOf = ({ columns, rows }: Table): string =>
  `${[columns, ...rows.map((row) => row.map(written))].map((cells) => cells.join(',')).join('\n')}\n`;

/** Formats a value with four significant digits: no figure here is more exact. */
const written = (value: number): string => String(Number(value.toPrecision(4)));

export function parseTable(csv: string): Table {
  const [head = '', ...lines] = csv.trimEnd().split('\n');
  return { columns: head.split(','), rows: lines.map((line) => line.split(',').map(Number)) };
}

/** Returns the values of a column. */
export function column({ columns, rows }: Table, name: string): number[] {
  const at = columns.indexOf(name);
  if (at === -1) throw new Error(`no column is called ${name}: the CSV has ${columns.join(', ')}`);
  return rows.map((row) => row[at] ?? Number.NaN);
}
