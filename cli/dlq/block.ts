import { type Account, accountKey } from '../../functions/core/account.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { msOf } from '../../functions/core/stamp.ts';
import { columns } from '../table.ts';
import { DEAD_LETTER, type Parked } from './message.ts';

/** A message as a person reads it. Whom it concerns is personal data, and shown only where that is asked for. */
export function blockOf(message: Parked, isRevealed: boolean): string[] {
  const { id, body, reason, sentMs, receives, request } = message;
  const facts = [
    ['reason', printable(reason)],
    [reason === DEAD_LETTER ? 'sent at' : 'parked at', new Date(sentMs).toISOString()],
    ['receives', `${receives}`],
    request ? ['request', printable(request.id)] : ['operations', 'cannot be read by this version'],
    ...(request === undefined && isRevealed ? [['body', printable(body)]] : []),
  ];
  const operations = (request?.operations ?? []).map((operation) => rowOf(operation, isRevealed));
  return [`message ${printable(id)}`, ...columns(facts), ...columns(operations), ''];
}

const rowOf = (operation: Operation, isRevealed: boolean): string[] => [
  operation.kind,
  operation.app,
  new Date(msOf(operation.stamp)).toISOString(),
  ...(isRevealed ? whom(operation) : []),
];

function whom(operation: Operation): string[] {
  switch (operation.kind) {
    case 'bind':
    case 'bindOverriding':
    case 'unbind':
      return [`token ${quoted(operation.token)}`, `accounts ${operation.accounts.map(named).join(', ')}`];
    case 'unbindTokenFromAll':
      return [`token ${quoted(operation.token)}`];
    case 'unbindAccountFromAll':
      return [`account ${named(operation.account)}`];
  }
}

/** `"<type>#<id>"`, as the registry knows it. */
const named = (account: Account): string => quoted(accountKey(account));

/** Text as a terminal may show it: what would move the cursor or turn the writing around is spelt out. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);

/** The same in quotes, for text whose ends must be seen. */
const quoted = (text: string): string => printable(JSON.stringify(text));

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const;

/** A span of milliseconds in the largest unit of which it has two. Clocks disagree: what is yet to come is now. */
export function spanOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const unit = UNITS.find(([, length]) => seconds >= 2 * length);
  return unit ? `${Math.floor(seconds / unit[1])} ${unit[0]}` : `${seconds} s`;
}

/** `1 message`, `12 messages`. */
export const countOf = (count: number, noun = 'message'): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** The last part of a queue's URL: the rest says whose AWS account it is in. */
export const queueName = (url: string): string => new URL(url).pathname.split('/').at(-1) ?? '';
