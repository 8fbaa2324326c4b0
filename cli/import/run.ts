import { setTimeout } from 'node:timers/promises';
import type { BindOperation, Operation } from '../../functions/core/operation.ts';
import { AT_ONCE, chunksOf, inParallel } from '../../functions/core/parallel.ts';
import type { Line } from './lines.ts';
import { type ListedBind, operationOf } from './operation.ts';
import { Report } from './report.ts';
import { type AppChoice, bindIn } from './row.ts';
import type { Progress } from './state.ts';

/**
 * Binds in one message, and binds that are sent together. A worker takes ten messages at once and must apply them within
 * its timeout, on a slow local table too.
 */
const BINDS_A_MESSAGE = 10;
const BINDS_TOGETHER = 100;

/** Time between two lines of progress (ms). */
const PROGRESS_MS = 2_000;

export type ImportPorts = {
  /** Resolves when the operations are durable. `id`: of the message. */
  readonly send: (id: string, operations: readonly Operation[]) => Promise<void>;
  /** Tests for each bind whether the registry knows better (`areKnown`). */
  readonly known: (operations: readonly BindOperation[]) => Promise<readonly boolean[]>;
  /** Resolves when the queue has room for more messages. */
  readonly room: () => Promise<void>;
  /** Notes a fault of a line, or that it is known. */
  readonly onFault: (line: number, reason: string) => void;
  readonly onProgress: (text: string) => void;
  readonly now: () => number;
};

/** The reason to leave a line out that says less than the registry knows. */
const KNOWN = 'known already, by a live event that is older than imported binds';

type Listed = { readonly line: number; readonly bind: ListedBind; readonly operation: BindOperation };

/**
 * Reads all lines and sends those after the place that the import has reached, at most `rate` binds a second, except what
 * the registry knows. The place is saved after the message is durable, so a crash sends a message twice, and that changes
 * nothing. Returns the report of all lines.
 */
export async function importLines(
  lines: AsyncIterable<Line>,
  choice: AppChoice,
  progress: Pick<Progress, 'begunMs' | 'line' | 'save'>,
  ports: ImportPorts,
  { rate, signal }: { readonly rate: number; readonly signal: AbortSignal },
): Promise<Report> {
  const { send, known, room, onFault, onProgress, now } = ports;
  const report = new Report();
  const pace = paceOf(rate, now, signal);
  let pending: Listed[] = [];
  let reportedMs = now();
  const flush = async (last: number) => {
    const isKnown = (await known(pending.map(({ operation }) => operation))).values();
    const fresh = pending.filter(({ bind, line }) => {
      const isFresh = isKnown.next().value !== true;
      if (isFresh) {
        report.bind(bind);
      } else {
        report.skip(KNOWN);
        onFault(line, KNOWN);
      }
      return isFresh;
    });
    const unsent = fresh.flatMap(({ line, operation }) => (line > progress.line ? [operation] : []));
    if (unsent.length > 0) await room();
    await pace(unsent.length);
    const messages = [...chunksOf(unsent, BINDS_A_MESSAGE).entries()];
    await inParallel(messages, AT_ONCE, ([i, some]) => send(`import-${progress.begunMs}-${last}-${i}`, some));
    if (last > progress.line) progress.save(last);
    pending = [];
  };
  let last = 0;
  for await (const read of lines) {
    signal.throwIfAborted();
    pending.push(...listedIn(read, choice, progress, report, onFault));
    last = read.line;
    if (pending.length >= BINDS_TOGETHER) await flush(last);
    if (now() < reportedMs + PROGRESS_MS) continue;
    reportedMs = now();
    onProgress(`line ${last.toLocaleString('en')}, ${report.binds.toLocaleString('en')} binds`);
  }
  await flush(last);
  return report;
}

function listedIn(
  read: Line,
  choice: AppChoice,
  { begunMs }: Pick<Progress, 'begunMs'>,
  report: Report,
  onFault: ImportPorts['onFault'],
): Listed[] {
  const { line } = read;
  const fail = (reason: string): Listed[] => {
    report.fault(reason, line);
    onFault(line, reason);
    return [];
  };
  report.lines += 1;
  if ('fault' in read) return fail(read.fault);
  if ('skipped' in read) {
    report.skip(read.skipped);
    return [];
  }
  return read.rows.flatMap((row) => {
    const bind = bindIn(row, choice, begunMs);
    return 'fault' in bind ? fail(bind.fault) : [{ line, bind, operation: operationOf(bind, line, begunMs) }];
  });
}

/** Waits so that at most `rate` binds a second pass. */
function paceOf(rate: number, now: () => number, signal: AbortSignal) {
  let freeMs = now();
  return async (count: number): Promise<void> => {
    const waitMs = freeMs - now();
    freeMs = Math.max(freeMs, now()) + (count / rate) * 1000;
    if (waitMs > 0) await setTimeout(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  };
}
