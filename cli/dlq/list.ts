import type { Operation } from '../../functions/core/operation.ts';
import { columns } from '../table.ts';
import { countOf, printable, spanOf } from './block.ts';
import { type Parked, reasonsOf } from './message.ts';
import type { Looked } from './parked-queue.ts';

const isoOf = (ms: number): string => new Date(ms).toISOString();

/** What there is of one reason. Counts and times only: nothing says whom an operation concerns. */
function summaryOf([reason, messages]: [string, Parked[]]) {
  const times = messages.map(({ sentMs }) => sentMs);
  const operations: readonly Operation[] = messages.flatMap(({ request }) => request?.operations ?? []);
  return {
    reason,
    messages: messages.length,
    oldest: isoOf(Math.min(...times)),
    newest: isoOf(Math.max(...times)),
    operations: Object.fromEntries([...Map.groupBy(operations, ({ kind }) => kind)].map(([k, all]) => [k, all.length])),
    unreadable: messages.filter(({ request }) => request === undefined).length,
    apps: [...new Set(operations.map(({ app }) => app))].sort(),
  };
}

/** One line for programs. */
export const listAsJson = (queue: string, { found, others, isWhole, hidden }: Looked): string =>
  JSON.stringify({
    queue,
    messages: found.length,
    others,
    whole: isWhole,
    hidden,
    reasons: reasonsOf(found).map(summaryOf),
  });

export const nothingIn = (queue: string): string => `${queue}: nothing found`;

/** A line for each reason, the most frequent first. */
export function listOf(queue: string, { found }: Looked, nowMs: number): string[] {
  if (found.length === 0) return [nothingIn(queue)];
  const rows = reasonsOf(found)
    .map(summaryOf)
    .map(({ reason, messages, oldest, newest, operations, unreadable, apps }) => [
      printable(reason),
      `${messages}`,
      spanOf(nowMs - Date.parse(oldest)),
      spanOf(nowMs - Date.parse(newest)),
      Object.entries({ ...operations, ...(unreadable > 0 && { unreadable }) })
        .map(([kind, count]) => `${kind} ${count}`)
        .join(', '),
      apps.join(', '),
    ]);
  const head = ['reason', 'messages', 'oldest', 'newest', 'operations', 'apps'];
  return [`${queue}: ${countOf(found.length)}`, '', ...columns([head, ...rows])];
}

/** What was not looked at, so that nobody takes an answer for more than it is. */
export const remarksOn = ({ others, isWhole, hidden }: Looked): string[] => [
  ...(others > 0 ? [`${countOf(others, 'other message')} left alone`] : []),
  ...(isWhole ? [] : ['the queue may hold more: only part of it was looked at (see --limit)']),
  ...(hidden > 0
    ? [
        `about ${hidden} more cannot be seen now: somebody else looks at them, or was cut off; try again in some minutes`,
      ]
    : []),
];
