import { setTimeout } from 'node:timers/promises';
import type { Operation } from '../../functions/core/operation.ts';
import { AT_ONCE, chunksOf, inParallel } from '../../functions/core/parallel.ts';
import type { Line } from './lines.ts';
import { operationOf } from './operation.ts';
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
  /** Notes a fault of a line. */
  readonly onFault: (line: number, reason: string) => void;
  readonly onProgress: (text: string) => void;
  readonly now: () => number;
};

/**
 * Reads all lines and sends those after the place that the import has reached, at most `rate` binds a second. The place is
 * saved after the message is durable, so a crash sends a message twice, and that changes nothing. Returns the report.
 */
export async function importLines(
  lines: AsyncIterable<Line>,
  choice: AppChoice,
  progress: Pick<Progress, 'begunMs' | 'line' | 'save'>,
  { send, onFault, onProgress, now }: ImportPorts,
  { rate, signal }: { readonly rate: number; readonly signal: AbortSignal },
): Promise<Report> {
  const report = new Report();
  const pace = paceOf(rate, now, signal);
  let pending: Operation[] = [];
  let reportedMs = now();
  const flush = async (line: number) => {
    await pace(pending.length);
    const messages = [...chunksOf(pending, BINDS_A_MESSAGE).entries()];
    await inParallel(messages, AT_ONCE, ([i, some]) => send(`import-${progress.begunMs}-${line}-${i}`, some));
    if (line > progress.line) progress.save(line);
    pending = [];
  };
  let last = 0;
  for await (const read of lines) {
    signal.throwIfAborted();
    const operations = operationsIn(read, choice, progress, report, onFault);
    if (read.line > progress.line) pending.push(...operations);
    last = read.line;
    if (pending.length >= BINDS_TOGETHER) await flush(last);
    if (now() < reportedMs + PROGRESS_MS) continue;
    reportedMs = now();
    onProgress(`line ${last.toLocaleString('en')}, ${report.binds.toLocaleString('en')} binds`);
  }
  await flush(last);
  return report;
}

function operationsIn(
  read: Line,
  choice: AppChoice,
  { begunMs }: Pick<Progress, 'begunMs'>,
  report: Report,
  onFault: ImportPorts['onFault'],
): Operation[] {
  const { line } = read;
  const fail = (reason: string): Operation[] => {
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
    if ('fault' in bind) return fail(bind.fault);
    report.bind(bind);
    return [operationOf(bind, line, begunMs)];
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
