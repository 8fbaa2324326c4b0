import { marshall } from '@aws-sdk/util-dynamodb';
import type { Operation } from '../core/operation.ts';
import { orUnavailable } from '../core/outcome.ts';
import { AT_ONCE, inParallel } from '../core/parallel.ts';
import { digestOf } from '../core/stamp.ts';
import { type Entry, entriesOf, type Place, type Receipt, type RecordedMessage, receiptsOf } from '../history/entry.ts';
import { accountPartition, documentKey, type Key, type Table, update, updateOver } from './dynamodb.ts';
import { executeStatements, insertion } from './statements.ts';

/** Sorts before all stamps, so that a query gets the sign-outs of an account without its binds. */
export const SIGN_OUT = '#';

const tokenDigest = (token: string): string => digestOf('token', token).slice(0, 8);

/**
 * The key of an entry. In the history of an account it has a digest of the token: with the stamp alone, an operation on one
 * token could take the place of that on another.
 */
export function keyOf(place: Place, operation: Operation): Key {
  const { stamp } = operation;
  if ('token' in place) return { pk: documentKey(place.token).pk, sk: stamp };
  const sk = 'token' in operation ? `${stamp}.${tokenDigest(operation.token)}` : `${SIGN_OUT}${stamp}`;
  return { pk: accountPartition(place.account), sk };
}

export const REQUEST = 'R#';

/** A request whose messages have different operations has an item for each. */
function receiptKey(id: string, { elements }: Receipt): Key {
  const parts = elements.map(({ kind, app, stamp }) => [kind, app, stamp]);
  return { pk: `${REQUEST}${id}`, sk: digestOf('message', ...parts).slice(0, 16) };
}

const seconds = (ms: number): number => Math.ceil(ms / 1000);

const times = ({ acceptedMs, appliedMs, expiresMs }: Pick<Entry, 'acceptedMs' | 'appliedMs' | 'expiresMs'>) => ({
  accepted: acceptedMs,
  applied: appliedMs,
  expires: seconds(expiresMs),
});

/** The outcome of items that may be replaced. */
const OPEN = 'unavailable' satisfies Entry['outcome'];

/** An item to write. */
type Write = { readonly key: Key; readonly outcome: string; readonly attributes: Readonly<Record<string, unknown>> };

export const entryWrite = (place: Place, entry: Entry): Write => ({
  key: keyOf(place, entry.operation),
  outcome: entry.outcome,
  attributes: {
    operation: JSON.stringify(entry.operation),
    request: entry.id,
    ...{ from: entry.from, outcome: entry.outcome, reason: entry.reason, ...times(entry) },
    own: seconds(entry.expiresMs),
  },
});

function receiptWrite(id: string, receipt: Receipt): Write {
  const outcome = receipt.elements.some((one) => one.outcome === OPEN) ? OPEN : 'applied';
  const elements = JSON.stringify(receipt.elements);
  return {
    key: receiptKey(id, receipt),
    outcome,
    attributes: { elements, from: receipt.from, outcome, ...times(receipt) },
  };
}

export type RecordPorts = { readonly table: Table; readonly days: number; readonly now: () => number };

/**
 * Returns the call that records messages of the queue, and returns for each why it may not be recorded, or undefined. An
 * entry is written once: copies change nothing, except that the first acceptance counts, and that an outcome replaces
 * `unavailable`.
 */
export const recording =
  ({ table, days, now }: RecordPorts) =>
  async (messages: readonly RecordedMessage[]): Promise<(string | undefined)[]> => {
    const nowMs = now();
    const owned = messages.map((message) => [
      ...entriesOf(message, nowMs, days).map(([place, entry]) => entryWrite(place, entry)),
      ...receiptsOf(message, nowMs, days).map((receipt) => receiptWrite(message.id, receipt)),
    ]);
    // Copies of one event may be in one batch, and a call refuses a key that it has twice.
    const first = new Map(
      owned
        .flat()
        .map((write) => [nameOf(write), write] as const)
        .reverse(),
    );
    const writes = [...first.values()];
    const results = await executeStatements(
      table,
      writes.map(({ key, attributes }) => insertion(table, key, attributes)),
    );
    const others = owned.flat().filter((write) => !writes.includes(write));
    const left = [...writes.filter((_, i) => results[i] !== 'done'), ...others];
    const failures = new Map<Write, string>();
    await inParallel(left, AT_ONCE, async (write) => {
      const failed = await orUnavailable(() => writeAlone(table, write));
      if (failed) failures.set(write, failed.reason);
    });
    return owned.map((all) => all.map((write) => failures.get(write)).find((reason) => reason !== undefined));
  };

const nameOf = ({ key: { pk, sk } }: Write): string => `${pk} ${sk}`;

/** Writes an item that may be there. */
async function writeAlone(table: Table, { key, outcome, attributes }: Write): Promise<void> {
  const result = await updateOver(table, key, attributes, { ConditionExpression: 'attribute_not_exists(pk)' });
  if (result === 'written') return;
  const { accepted } = attributes;
  // A copy that another door accepted before may have been in effect since.
  const known = Number(result.item?.['accepted']);
  const isEarlier = accepted !== undefined && known > Number(accepted);
  if (outcome !== OPEN && result.item?.['outcome'] === OPEN) {
    const first = isEarlier ? accepted : result.item['accepted'];
    const isOpen = {
      ConditionExpression: '#outcome = :open',
      ExpressionAttributeValues: marshall({ ':open': OPEN }),
    };
    if (await update(table, key, { ...attributes, accepted: first }, isOpen)) return;
  }
  const condition = { ConditionExpression: '#accepted > :accepted' };
  if (isEarlier) await update(table, key, { accepted }, condition);
}
