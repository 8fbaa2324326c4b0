import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { Operation } from '../core/operation.ts';
import { readable } from '../core/outcome.ts';
import { AT_ONCE, inParallel } from '../core/parallel.ts';
import {
  Element,
  type Entry,
  type HistoryReader,
  type HistoryRenewal,
  keptName,
  OUTCOMES,
  placesOf,
  type Receipt,
  renewedEntry,
} from '../history/entry.ts';
import type { HistoryVariable } from '../lambda/environment.ts';
import type { Input } from './calls.ts';
import {
  accountPartition,
  documentKey,
  type Item,
  itemOf,
  type Key,
  orUnreadable,
  type Table,
  update,
  updateOver,
} from './dynamodb.ts';
import { entryWrite, keyOf, REQUEST, type RecordPorts, SIGN_OUT } from './history-store.ts';
import { tableNamed } from './registry-store.ts';

const Times = { accepted: z.optional(z.number()), applied: z.number(), expires: z.number() };

/** Of an account that stood at a renewal: until when its bind is kept (s since 1970). Followed by `keptName`. */
const KEPT = 'kept_';

const EntryItem = z.pipe(
  z.looseObject({
    operation: z.string(),
    request: z.string(),
    from: z.optional(z.string()),
    outcome: z.enum(OUTCOMES),
    reason: z.optional(z.string()),
    own: z._default(z.number(), 0),
    ...Times,
  }),
  z.transform(({ operation, request: id, from, outcome, reason, own, accepted, applied, expires, ...rest }): Entry => {
    const times = { acceptedMs: accepted, appliedMs: applied, expiresMs: expires * 1000 };
    const kept = Object.entries(rest).filter(([name]) => name.startsWith(KEPT));
    const accounts = Object.fromEntries(kept.map(([name, until]) => [name.slice(KEPT.length), Number(until) * 1000]));
    return {
      ...{ id, from, outcome, reason, ...times, operation: Operation.parse(JSON.parse(operation)) },
      ...(kept.length > 0 && { renewed: { ownMs: own * 1000, accounts } }),
    };
  }),
);

const ReceiptItem = z.pipe(
  z.object({ elements: z.string(), from: z.optional(z.string()), ...Times }),
  z.transform(({ elements, from, accepted: acceptedMs, applied: appliedMs, expires }): Receipt => {
    const times = { acceptedMs, appliedMs, expiresMs: expires * 1000 };
    return { from, ...times, elements: z.array(Element).parse(JSON.parse(elements)) };
  }),
);

/** The key of the time at which the ledger began. No token, account or request has this partition. */
const BEGINNING: Key = { pk: 'LEDGER', sk: 'BEGUN' };

const Beginning = z.object({ begun: z.number(), days: z.number() });

/** Reads the ledger. An entry that cannot be read is `Unavailable`: an answer without it could be wrong. */
export function historyReader(table: Table, now: () => number): HistoryReader {
  const read = async <T extends { readonly expiresMs: number }>(
    pk: string,
    item: z.ZodMiniType<T>,
    prefix?: string,
  ) => {
    const items = await itemsIn(table, pk, prefix);
    const parsed = items.map((one) => readable(orUnreadable(() => item.parse(one))));
    return parsed.filter(({ expiresMs }) => expiresMs > now());
  };
  return {
    ofToken: (token) => read(documentKey(token).pk, EntryItem),
    ofAccount: (account, only) => read(accountPartition(account), EntryItem, only && SIGN_OUT),
    ofRequest: (id) => read(`${REQUEST}${id}`, ReceiptItem),
    begunMs: async () => {
      const { Item } = await table.client.call('GetItem', { TableName: table.name, Key: marshall(BEGINNING) });
      return Item && readable(orUnreadable(() => Beginning.parse(itemOf(Item)))).begun;
    },
  };
}

/** The ledger that a function has, and for how many days it answers. */
export const historyOf = (variable: z.infer<typeof HistoryVariable>) =>
  variable ? { ...historyReader(tableNamed(variable.table), Date.now), days: variable.days } : undefined;

/** The items of a partition, in the order of their keys. `prefix`: of the sort key. Default: all. */
async function itemsIn({ client, name: TableName }: Table, pk: string, prefix?: string): Promise<Item[]> {
  const found: Item[] = [];
  let ExclusiveStartKey: Input<'dynamodb', 'Query'>['ExclusiveStartKey'];
  do {
    const { Items = [], LastEvaluatedKey } = await client.call('Query', {
      TableName,
      KeyConditionExpression: `pk = :pk${prefix === undefined ? '' : ' AND begins_with(sk, :prefix)'}`,
      ExpressionAttributeValues: marshall({ ':pk': pk, ...(prefix !== undefined && { ':prefix': prefix }) }),
      ConsistentRead: true,
      ...(ExclusiveStartKey && { ExclusiveStartKey }),
    });
    found.push(...Items.map(itemOf));
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return found;
}

/** Writes for the sweep: the beginning of the ledger, and standing binds that stay known. */
export const historyRenewal = ({ table, days, now }: RecordPorts): HistoryRenewal => ({
  begin: async () => {
    const begun = now();
    // A ledger that is to answer for more days than before begins again: older entries expire too early.
    const isNew = 'attribute_not_exists(pk) OR #days < :days';
    const result = await updateOver(table, BEGINNING, { begun, days }, { ConditionExpression: isNew });
    if (result === 'written' || result.item === undefined) return begun;
    const known = Beginning.parse(result.item);
    if (known.days > days) await update(table, BEGINNING, { days }, { ConditionExpression: '#days > :days' });
    return known.begun;
  },
  renew: async (bind) => {
    const entry = renewedEntry(bind, now(), days);
    const { expires, outcome, ...given } = entryWrite({ token: bind }, entry).attributes;
    await inParallel(placesOf(entry.operation), AT_ONCE, ([place, operation]) => {
      const names = 'token' in place ? bind.accounts.map((account) => `${KEPT}${keptName(bind, account)}`) : [];
      const renewed = { expires, outcome, ...Object.fromEntries(names.map((name) => [name, expires])) };
      return prolong(table, keyOf(place, operation), renewed, { ...given, operation: JSON.stringify(operation) });
    });
  },
});

/** Sets attributes of an entry; if it is not there, or has expired and was deleted, writes the others as given. */
async function prolong(
  { client, name: TableName }: Table,
  key: Key,
  renewed: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
): Promise<void> {
  const all = Object.entries({ ...given, ...renewed }).filter(([, value]) => value !== undefined);
  const changes = all.map(([name]) =>
    name in renewed ? `#${name} = :${name}` : `#${name} = if_not_exists(#${name}, :${name})`,
  );
  await client.call('UpdateItem', {
    TableName,
    Key: marshall(key),
    UpdateExpression: `SET ${changes.join(', ')}`,
    ExpressionAttributeNames: Object.fromEntries(all.map(([name]) => [`#${name}`, name])),
    ExpressionAttributeValues: marshall(Object.fromEntries(all.map(([name, value]) => [`:${name}`, value]))),
  });
}
