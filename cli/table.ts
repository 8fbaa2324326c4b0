import Table from 'cli-table3';
import wrapAnsi from 'wrap-ansi';

/** Rows as lines of aligned columns, indented by two spaces. A Chinese character takes two columns of a terminal. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const table = new Table({ chars: BARE, style: { 'padding-left': 2, 'padding-right': 0, border: [] } });
  table.push(...rows.map((row) => [...row]));
  return rows.length === 0
    ? []
    : table
        .toString()
        .split('\n')
        .map((line) => line.trimEnd());
}

/** No line around or between the cells. */
const BARE = Object.fromEntries(
  ['top', 'bottom', 'left', 'mid', 'right']
    .flatMap((side) => [side, `${side}-left`, `${side}-mid`, `${side}-right`])
    .concat('middle')
    .map((place) => [place, '']),
);

/** Text in lines of at most `width` columns, broken between words. Line feeds in the text stay. */
export const wrapped = (text: string, width: number): string[] => wrapAnsi(text, width).split('\n');

/** Text that is safe on a terminal: signs that would move the cursor or turn the writing around are spelt out. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);
