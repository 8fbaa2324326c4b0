import { type Account, accountKey } from '../../functions/core/account.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { msOf } from '../../functions/core/stamp.ts';
import { columns, printable } from '../table.ts';
import { DEAD_LETTER, type ParkedMessage } from './message.ts';

/** A message for a person. Accounts and tokens are personal data: only with `isRevealed`. */
export function blockOf(message: ParkedMessage, isRevealed: boolean): string[] {
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
  ...(isRevealed ? personalDataOf(operation) : []),
];

function personalDataOf(operation: Operation): string[] {
  switch (operation.kind) {
    case 'bind':
    case 'bindOverriding':
    case 'unbind':
      return [`token ${quoted(operation.token)}`, `accounts ${operation.accounts.map(named).join(', ')}`];
    case 'endSession':
    case 'unbindTokenFromAll':
      return [`token ${quoted(operation.token)}`];
    case 'unbindAccountFromAll':
    case 'unbindAccountFromOthers':
    case 'endAccountSession':
      return [`account ${named(operation.account)}`];
  }
}

/** `"<type>#<id>"`, the key of the account in the registry. */
const named = (account: Account): string => quoted(accountKey(account));

/** Text in quotes, so that its ends can be seen. */
const quoted = (text: string): string => printable(JSON.stringify(text));
