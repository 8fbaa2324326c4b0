import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import type { Input } from '../../functions/aws/calls.ts';
import { deleteAt, itemOf, type Key, type Table, update } from '../../functions/aws/dynamodb.ts';
import { type Account, AccountId } from '../../functions/core/account.ts';
import { Operation } from '../../functions/core/operation.ts';
import { AT_ONCE, inParallel } from '../../functions/core/parallel.ts';
import { isOf, type Subject } from './find.ts';

const EntryItem = z.object({ pk: z.string(), sk: z.string(), operation: z.string() });

/** An entry of the ledger that names the person. `rest`: what it says without the person; undefined if that is nothing. */
export type NamedEntry = { readonly key: Key; readonly operation: string; readonly rest: string | undefined };

/** Finds all entries of the ledger that name the person. */
export async function entriesOf({ client, name: TableName }: Table, subject: Subject): Promise<NamedEntry[]> {
  const entries: NamedEntry[] = [];
  let start: Input<'dynamodb', 'Scan'>['ExclusiveStartKey'];
  do {
    const { Items = [], LastEvaluatedKey } = await client.call('Scan', {
      TableName,
      ExclusiveStartKey: start,
      ConsistentRead: true,
    });
    for (const item of Items.map(itemOf)) {
      const read = EntryItem.safeParse(item);
      if (!read.success) continue;
      const { operation, pk, sk } = read.data;
      const rest = withoutPerson(operation, subject, pk.startsWith('A#'));
      if (rest !== operation) entries.push({ key: { pk, sk }, operation, rest });
    }
    start = LastEvaluatedKey;
  } while (start !== undefined);
  return entries;
}

/** The account in the place of the person in a sign-in that took others off the token: it binds nothing. */
const ERASED = { id: AccountId.parse('(erased)'), untilMs: 0 };

/**
 * The operation without the person; the same text if it does not name the person. A sign-in that took others off the token
 * stays in the token's history: without it these would stand again in answers about that time.
 */
function withoutPerson(text: string, subject: Subject, isOwn: boolean): string | undefined {
  const read = Operation.safeParse(JSON.parse(text));
  // Of another version of this code: it goes whole, if it has the name anywhere.
  if (!read.success) return subject.ids.some((id) => text.includes(JSON.stringify(id))) ? undefined : text;
  const operation = read.data;
  const isPerson = (account: Account) => isOf(subject, operation.app, account);
  if ('account' in operation) return isPerson(operation.account) ? undefined : text;
  if (!('accounts' in operation)) return text;
  const accounts = operation.accounts.filter((account) => !isPerson(account));
  if (accounts.length === operation.accounts.length) return text;
  if (operation.kind === 'bindOverriding' && !isOwn) {
    const kept = operation.accounts.map((one) => (isPerson(one) ? { type: one.type, ...ERASED } : one));
    return JSON.stringify({ ...operation, accounts: kept });
  }
  return accounts.length === 0 ? undefined : JSON.stringify({ ...operation, accounts });
}

/** Takes the person out of the entries. One that has changed meanwhile stays; returns the number of the others. */
export async function forgetEntries(table: Table, entries: readonly NamedEntry[]): Promise<number> {
  const done = await inParallel(entries, AT_ONCE, ({ key, operation, rest }) => {
    const names = { ExpressionAttributeNames: { '#operation': 'operation' } };
    const ExpressionAttributeValues = marshall({ ':known': operation });
    const condition = { ConditionExpression: '#operation = :known', ...names, ExpressionAttributeValues };
    return rest === undefined ? deleteAt(table, key, condition) : update(table, key, { operation: rest }, condition);
  });
  return done.filter(Boolean).length;
}

/** Tests that the worker has recorded the request. It does so after it has applied it. */
export async function isRecorded({ client, name: TableName }: Table, id: string): Promise<boolean> {
  const { Count = 0 } = await client.call('Query', {
    TableName,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: marshall({ ':pk': `R#${id}` }),
    ConsistentRead: true,
    Limit: 1,
  });
  return Count > 0;
}
