import { UserError } from '../../local/user-error.ts';
import type { Options, Values } from '../command.ts';
import type { ParkedMessage } from './message.ts';
import type { Search } from './parked-queue.ts';
import { QUEUE_OPTIONS } from './queues.ts';

export const DLQ_WORDS = {
  list: 'count them by reason, with age, kinds of operations and apps',
  show: 'print each message; accounts and tokens only with --reveal, because they are personal data',
  redrive:
    'send messages to the operations queue again, then delete them from the parked one. Copies and late arrivals change nothing. Without --yes it only prints what it would do',
  purge: 'delete messages: their operations are never applied. Without --yes it only prints what it would do',
} as const;

export const DLQ_OPTIONS = {
  reason: {
    value: 'TEXT',
    help: 'only messages with this reason, as list prints it; dead-letter for dead letters. Default: all',
  },
  'older-than': { value: 'DAYS', help: 'only messages that were sent longer ago. Default: all' },
  limit: { value: 'N', help: 'the first N messages that are found', default: '1000' },
  rate: { value: 'N', only: ['redrive'], help: 'at most N messages a second. Default: 10' },
  reveal: { only: ['show'], help: 'with accounts, tokens and unreadable bodies' },
  json: { only: ['list'], help: 'print one line of JSON' },
  yes: { only: ['redrive', 'purge'], help: 'do it' },
  ...QUEUE_OPTIONS,
} as const satisfies Options;

export type DlqValues = Values<typeof DLQ_OPTIONS>;

const DAY_MS = 86_400_000;
const RATE = 10;

/** Messages to find, and how many at most. */
export type Selection = Pick<Search, 'matches' | 'limit'>;

export function selectionIn(
  { reason: wanted, limit: most, 'older-than': age }: Pick<DlqValues, 'reason' | 'limit' | 'older-than'>,
  nowMs: number,
): Selection {
  const days = age === undefined ? undefined : numberIn('older-than', age);
  const limit = numberIn('limit', most);
  if (!Number.isInteger(limit)) throw new UserError(`--limit ${most}: must be a whole number`);
  const matches = ({ reason, sentMs }: ParkedMessage): boolean =>
    (wanted === undefined || reason === wanted) && (days === undefined || sentMs < nowMs - days * DAY_MS);
  return { matches, limit };
}

/** Messages a second. */
export const rateIn = ({ rate }: DlqValues): number => (rate === undefined ? RATE : numberIn('rate', rate));

function numberIn(option: string, text: string): number {
  const number = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && number > 0) return number;
  throw new UserError(`--${option} ${text}: must be a number above 0`);
}
