import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type CsvError, parse } from 'csv-parse';
import { messageOf, UserError } from '../../local/user-error.ts';
import type { Format, Rows } from './formats.ts';

/** A line of a list, from 1, with its rows. Of a record over several lines, the last one. */
export type Line = Rows & { readonly line: number };

/** Reads a list line by line: however long it is, only a piece of it is in memory. `-` is standard input. */
export async function* linesOf(file: string, format: Format, rows: (record: unknown) => Rows): AsyncGenerator<Line> {
  const input = opened(file);
  try {
    yield* format === 'csv' ? csvLines(input, rows) : jsonLines(input, rows);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file} cannot be read: ${messageOf(error)}`);
  } finally {
    input.destroy();
  }
}

function opened(file: string): Readable {
  const input: Readable = file === '-' ? process.stdin : createReadStream(file);
  if (!file.endsWith('.gz')) return input;
  const unpacked = createGunzip();
  input.on('error', (error) => unpacked.destroy(error));
  return input.pipe(unpacked);
}

/** The most bytes of one record. A quote or a line that never ends would read the rest of the file into memory. */
const RECORD_BYTES = 1024 * 1024;

/** Reads records with their places. A record with too many or too few fields is a fault of its line. */
async function* csvLines(input: Readable, rows: (record: unknown) => Rows): AsyncGenerator<Line> {
  const skipped: { readonly line: number; readonly code: string }[] = [];
  const parser = parse({
    bom: true,
    columns: true,
    info: true,
    max_record_size: RECORD_BYTES,
    on_skip: (error: CsvError | undefined) => {
      skipped.push({ line: Number(error?.['lines'] ?? 0), code: String(error?.code) });
      return undefined;
    },
    skip_empty_lines: true,
    skip_records_with_error: true,
  });
  // The parser is ahead of its reader: a later fault waits for the records before it.
  function* faultsBefore(end: number): Generator<Line> {
    for (let next = skipped[0]; next && next.line < end; next = skipped[0]) {
      skipped.shift();
      yield { line: next.line, fault: faultOf(next) };
    }
  }
  input.on('error', (error) => parser.destroy(error));
  for await (const { record, info } of input.pipe(parser)) {
    yield* faultsBefore(info.lines);
    yield { line: info.lines, ...rows(record) };
  }
  yield* faultsBefore(Number.POSITIVE_INFINITY);
}

/** Throws after a bad quote, since the parser cannot know where the next record begins. Its messages quote the line. */
function faultOf({ line, code }: { readonly line: number; readonly code: string }): string {
  if (code === 'CSV_RECORD_INCONSISTENT_COLUMNS') return 'has another number of fields than the header';
  throw new UserError(`line ${line} of the list: a quote is not closed, or not doubled within a field (${code})`);
}

async function* jsonLines(input: Readable, rows: (record: unknown) => Rows): AsyncGenerator<Line> {
  let [line, rest] = [0, ''];
  for await (const piece of input.setEncoding('utf8')) {
    const texts = `${rest}${piece}`.split('\n');
    rest = texts.pop() ?? '';
    yield* texts.flatMap(lineIn);
    if (rest.length > RECORD_BYTES) throw new UserError(`line ${line + 1} of the list is longer than 1 MiB`);
  }
  yield* lineIn(rest);

  function lineIn(text: string): Line[] {
    line += 1;
    // Takes a byte order mark away too.
    const record = text.trim();
    return record === '' ? [] : [{ line, ...rowsOfJson(record, rows) }];
  }
}

function rowsOfJson(text: string, rows: (record: unknown) => Rows): Rows {
  try {
    return rows(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return { fault: 'is not JSON' };
    throw error;
  }
}
