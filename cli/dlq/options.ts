import { UserError } from '../../local/user-error.ts';
import type { Parked } from './message.ts';
import type { Wanted } from './parked-queue.ts';
import { QUEUE_OPTIONS, type QueueValues } from './queues.ts';

const SELECTING = ['reason', 'older-than', 'limit'] as const;

export const DLQ_OPTIONS = {
  ...QUEUE_OPTIONS,
  reason: { type: 'string' },
  'older-than': { type: 'string' },
  limit: { type: 'string' },
  rate: { type: 'string' },
  reveal: { type: 'boolean' },
  json: { type: 'boolean' },
  yes: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export type DlqValues = QueueValues & {
  readonly [K in 'reason' | 'older-than' | 'limit' | 'rate']?: string | undefined;
} & { readonly [K in 'reveal' | 'json' | 'yes']?: boolean | undefined };

const OWN = { list: ['json'], show: ['reveal'], redrive: ['rate', 'yes'], purge: ['yes'] } as const;
export type DlqCommand = keyof typeof OWN;

/** What is to be done. An option that would be ignored is refused: it may have been meant to spare something. */
export function commandIn(positionals: readonly string[], values: DlqValues): DlqCommand {
  const [name, ...more] = positionals;
  const command = COMMANDS.find((one) => one === name);
  if (command === undefined || more.length > 0) throw new UserError(`say one of ${COMMANDS.join(', ')}: see --help`);
  const known: readonly string[] = [...SELECTING, ...OWN[command], ...Object.keys(QUEUE_OPTIONS)];
  const other = Object.keys(values).find((option) => !known.includes(option));
  if (other !== undefined) throw new UserError(`--${other} means nothing to ${command}: see --help`);
  return command;
}

// The keys of a literal: there are no others.
const COMMANDS = Object.keys(OWN) as DlqCommand[];

const DAY_MS = 86_400_000;
const LIMIT = 1_000;

/** Which messages are meant, and how many at most. */
export type Selection = Pick<Wanted, 'matches' | 'limit'>;

export function selectionIn(values: DlqValues, nowMs: number): Selection {
  const days = numberIn('older-than', values['older-than']);
  const isMeant = ({ reason, sentMs }: Parked): boolean =>
    (values.reason === undefined || reason === values.reason) && (days === undefined || sentMs < nowMs - days * DAY_MS);
  const limit = numberIn('limit', values.limit) ?? LIMIT;
  if (!Number.isInteger(limit)) throw new UserError(`--limit ${values.limit}: is not a whole number`);
  return { matches: isMeant, limit };
}

/** A number above 0. */
export function numberIn(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && number > 0) return number;
  throw new UserError(`--${option} ${text}: is not a number above 0`);
}
