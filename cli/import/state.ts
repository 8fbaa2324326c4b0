import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { digestOf } from '../../functions/core/stamp.ts';
import { hasCode, UserError } from '../../local/user-error.ts';
import { LONGEST_IMPORT_MS } from './operation.ts';

/** The place that an import has reached. `of`: digest of the list and of the options that decide what it binds. */
const State = z.object({ v: z.literal(1), of: z.string(), begunMs: z.int(), line: z.int() });
type State = z.infer<typeof State>;

/** The state of an import in a file, so that it goes on after a crash. */
export type Progress = {
  readonly begunMs: number;
  /** All lines up to this one are on the queue. */
  readonly line: number;
  readonly save: (line: number) => void;
  readonly end: () => void;
};

/**
 * Opens the state in `file`, or begins one. A list that changed, or other options, would mix two imports: these are
 * refused. So is a state that is too old to go on with its stamps.
 */
export function progressIn(file: string, identity: readonly unknown[], nowMs: number): Progress {
  const of = digestOf(...identity).slice(0, 32);
  const known = readState(file);
  const again = `Delete ${file} to begin again: what is imported already stays as it is.`;
  if (known && known.of !== of) throw new UserError(`${file} is of another list, or of other options. ${again}`);
  if (known && nowMs > known.begunMs + LONGEST_IMPORT_MS)
    throw new UserError(`the import in ${file} began more than 20 hours ago. ${again}`);
  const { begunMs, line } = known ?? { begunMs: nowMs, line: 0 };
  return {
    begunMs,
    line,
    save: (reached) => writeState(file, { v: 1, of, begunMs, line: reached }),
    end: () => rmSync(file, { force: true }),
  };
}

/** A file that is replaced as a whole: after a crash there is the old state or the new one. */
function writeState(file: string, state: State): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(state)}\n`);
  renameSync(`${file}.new`, file);
}

function readState(file: string): State | undefined {
  try {
    return State.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw new UserError(`${file} is no state of an import: delete it, or give --state`);
  }
}
