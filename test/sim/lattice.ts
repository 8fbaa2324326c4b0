import { type Account, accountKey } from '../../functions/core/account.ts';
import { EMPTY, isBound, type TokenDocument, UNMARKED, type Watermark } from '../../functions/core/document.ts';
import { type Limits, merge, raised } from '../../functions/core/merge.ts';
import { binds, isTokenOperation, type Operation } from '../../functions/core/operation.ts';
import { msOf } from '../../functions/core/stamp.ts';
import { ACCOUNTS, APP, BEGINNING_MS, drawOperation, TOKENS, textOf } from './cast.ts';
import type { Finding, Run } from './finding.ts';
import { type Random, randomOf } from './random.ts';
import { type Pair, pairOf, serial } from './serial.ts';

/** The registry's state without a store: documents by token, watermarks by account. Never changed in place. */
export type Registers = {
  readonly documents: ReadonlyMap<string, TokenDocument>;
  readonly watermarks: ReadonlyMap<string, Watermark>;
};

export const NOTHING: Registers = { documents: new Map(), watermarks: new Map() };

type Merging = { readonly horizon?: string; readonly limits?: Limits };

/** The registers after a batch: each token's operations are one merge, an account's watermark only rises. */
export function after(state: Registers, batch: readonly Operation[], { horizon, limits }: Merging = {}): Registers {
  const documents = new Map(state.documents);
  const watermarks = new Map(state.watermarks);
  for (const [token, operations] of Map.groupBy(batch.filter(isTokenOperation), ({ token }) => token))
    documents.set(token, merge(documents.get(token) ?? EMPTY, operations, horizon, limits));
  for (const operation of batch) {
    if (isTokenOperation(operation)) continue;
    const key = accountKey(operation.account);
    watermarks.set(key, raised(watermarks.get(key) ?? UNMARKED, operation));
  }
  return { documents, watermarks };
}

/** Every token with each of the accounts. */
export const pairsOf = (accounts: readonly Account[]) =>
  TOKENS.flatMap((token) =>
    accounts.map((account) => ({ token, key: accountKey(account), name: pairOf(APP, token, account) })),
  );

const PAIRS = pairsOf(ACCOUNTS);

/** The bindings that the registers show, by name. */
export const shown = ({ documents, watermarks }: Registers, pairs = PAIRS): Pair[] =>
  pairs
    .filter(({ token, key }) =>
      isBound(documents.get(token) ?? EMPTY, key, watermarks.get(key) ?? UNMARKED, BEGINNING_MS),
    )
    .map(({ name }) => name);

/** The registers as one text: equal for equal registers, whatever the order in which they were filled. */
export const digest = ({ documents, watermarks }: Registers): string =>
  JSON.stringify([sorted(Object.fromEntries(documents)), sorted(Object.fromEntries(watermarks))]);

const sorted = (value: object | string): unknown =>
  typeof value === 'string'
    ? value
    : Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, part]) => [name, sorted(part)]);

/** Every operation at least once, some twice or three times, in a random order, cut into random batches. */
export function deliveries(random: Random, operations: readonly Operation[]): Operation[][] {
  const copies = operations.flatMap((operation) =>
    Array.from({ length: random.chance(0.3) ? 2 + random.below(2) : 1 }, () => operation),
  );
  const batches: Operation[][] = [];
  for (const operation of random.shuffled(copies)) {
    if (batches.length === 0 || random.chance(0.7)) batches.push([]);
    batches.at(-1)?.push(operation);
  }
  return batches;
}

/** One random case: what is bound after any deliveries is what the serial order says. */
export function latticeCase(seed: number): Run {
  const random = randomOf(seed);
  const draw = {
    tokens: 1 + random.below(3),
    spanMs: random.pick([2, 6, 40]),
    sessions: random.pick([0, 0.5]),
    types: random.pick([0, 0.5, 1]),
  };
  const drawn = Array.from({ length: 2 + random.below(8) }, (_, i) => drawOperation(random, random.below(4), i, draw));
  const operations = withBearers(randomOf(~seed), drawn, draw.spanMs);
  const batches = deliveries(random, operations);
  const differs = differing(seed, batches);
  const state = delivered(batches);
  const bound = [...serial(operations).keys()].sort().join('; ');
  const finding =
    differs('O1 the registry ends as the serial order says', bound, shown(state).sort().join('; ')) ??
    differs('O6 copies change nothing', digest(state), digest(delivered(deliveries(random, operations), {}, state)));
  return { finding };
}

/** In a third of the cases many binds are of a bearer from before. Their chance is their own: it moves no other draw. */
function withBearers(random: Random, operations: readonly Operation[], spanMs: number): readonly Operation[] {
  if (random.chance(0.67)) return operations;
  const issued = (operation: Operation) =>
    binds(operation) && random.chance(0.7)
      ? { ...operation, issuedMs: msOf(operation.stamp) + 1 - random.below(spanMs) }
      : operation;
  return operations.map(issued);
}

/** The registers after batches one after the other. */
export const delivered = (batches: readonly Operation[][], merging: Merging = {}, state = NOTHING): Registers =>
  batches.reduce((before, batch) => after(before, batch, merging), state);

/** Returns a function that returns a finding where two texts differ. */
export const differing =
  (seed: number, batches: readonly Operation[][]) =>
  (oracle: string, expected: string, actual: string): Finding | undefined =>
    expected === actual
      ? undefined
      : { seed, oracle, expected, actual, trace: batches.map((batch) => batch.map(textOf).join('\n  + ')) };
