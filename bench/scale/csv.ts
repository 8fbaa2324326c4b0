/** What was measured: one row a point, a column each quantity, its unit in its name. */
export type Table = { readonly columns: readonly string[]; readonly rows: readonly (readonly number[])[] };

/** As RFC 4180 has it; the columns here are plain words and the values numbers, so nothing needs quotes. */
export const csvOf = ({ columns, rows }: Table): string =>
  `${[columns, ...rows.map((row) => row.map(written))].map((cells) => cells.join(',')).join('\n')}\n`;

/** Four significant digits are more than any of these figures have. */
const written = (value: number): string => String(Number(value.toPrecision(4)));

export function tableIn(csv: string): Table {
  const [head = '', ...lines] = csv.trimEnd().split('\n');
  return { columns: head.split(','), rows: lines.map((line) => line.split(',').map(Number)) };
}

/** A column's values, top to bottom. */
export function column({ columns, rows }: Table, name: string): number[] {
  const at = columns.indexOf(name);
  if (at === -1) throw new Error(`there is no column ${name}`);
  return rows.map((row) => row[at] ?? Number.NaN);
}
