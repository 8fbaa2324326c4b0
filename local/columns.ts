/** Rows as lines of aligned columns, indented by two spaces. Widths are counted in characters. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, length(cell));
  return rows.map((row) => `  ${row.map((cell, i) => padded(cell, widths[i] ?? 0)).join('  ')}`.trimEnd());
}

const length = (text: string): number => [...text].length;

const padded = (text: string, width: number): string => text + ' '.repeat(width - length(text));
