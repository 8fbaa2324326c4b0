import type { Operation } from '../../functions/core/operation.ts';
import { columns, printable } from '../table.ts';
import { byReason, type ParkedMessage } from './message.ts';
import type { SearchResult } from './parked-queue.ts';
import { countOf } from './queues.ts';

const isoOf = (ms: number): string => new Date(ms).toISOString();

/** Counts and times of one reason, without accounts and tokens. */
function summaryOf([reason, messages]: [string, ParkedMessage[]]) {
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

/** The list as one line of JSON. */
export const jsonOf = (queue: string, { found, others, isWhole, hidden }: SearchResult): string =>
  JSON.stringify({
    queue,
    messages: found.length,
    others,
    whole: isWhole,
    hidden,
    reasons: byReason(found).map(summaryOf),
  });

export const nothingIn = (queue: string): string => `${queue}: nothing found`;

/** A line for each reason, the most frequent first. */
export function listOf(queue: string, { found }: SearchResult, nowMs: number): string[] {
  if (found.length === 0) return [nothingIn(queue)];
  const rows = byReason(found)
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

/** Lines about messages that the answer leaves out. */
export const remarksOn = ({ others, isWhole, hidden }: SearchResult): string[] => [
  ...(others > 0 ? [`${countOf(others, 'other message')} left alone`] : []),
  ...(isWhole ? [] : ['the queue may hold more: only part of it was read (see --limit)']),
  ...(hidden > 0
    ? [`about ${hidden} more are hidden now: another reader has received them; try again in some minutes`]
    : []),
];

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const;

/** A duration in the largest unit of which it has at least two. Clocks disagree, so a negative one is 0 s. */
function spanOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const unit = UNITS.find(([, length]) => seconds >= 2 * length);
  return unit ? `${Math.floor(seconds / unit[1])} ${unit[0]}` : `${seconds} s`;
}
