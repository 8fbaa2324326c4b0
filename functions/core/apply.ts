import { isDeepStrictEqual } from 'node:util';
import { type AccountKey, accountKey, parseAccountKey } from './account.ts';
import { EMPTY, isBound, type TokenDocument } from './document.ts';
import { horizonAt, merge } from './merge.ts';
import { type AccountOperation, isTokenOperation, type Operation, type TokenOperation } from './operation.ts';
import { type Outcome, orUnavailable, readable } from './outcome.ts';
import { AT_ONCE, inParallel } from './parallel.ts';
import { isBind, removalAt } from './stamp.ts';
import type { RegistryStore, Stored, TokenRef } from './store.ts';

/** The store, the clock, and the wait before the n-th new try (from 1) at a token that other workers write too. */
export type RegistryPorts = {
  readonly store: RegistryStore;
  readonly now: () => number;
  readonly pause: (attempt: number) => Promise<void>;
};

/**
 * Applies operations and returns the outcome of each, in order. The registry ends the same in whatever order and however
 * often they are applied. Documents are read together, and all operations of a token are one write.
 */
export async function applyAll(ports: RegistryPorts, operations: readonly Operation[]): Promise<Outcome[]> {
  const tokens = Map.groupBy(operations.filter(isTokenOperation), ({ app, token }) => `${app}#${token}`);
  const accounts = operations.filter((operation) => !isTokenOperation(operation));
  const groups = [...tokens.values()];
  const read = await reader(
    ports.store,
    groups.map((group) => at(group, 0)),
  );
  const ofTokens = await inParallel([...groups.entries()], AT_ONCE, async ([place, group]) => {
    const outcome = await orUnavailable(async () => applyToToken(ports, group, await read(place)));
    return group.map((operation, i) => [operation, Array.isArray(outcome) ? at(outcome, i) : outcome] as const);
  });
  const ofAccounts = await inParallel(
    accounts,
    AT_ONCE,
    async (operation) => [operation, await orUnavailable(() => applyToAccount(ports, operation))] as const,
  );
  const outcomes = new Map<Operation, Outcome>([...ofTokens.flat(), ...ofAccounts]);
  return operations.map((operation) => known(outcomes.get(operation)));
}

/** Reads all documents in one call. If that fails, each is read alone, so that one token does not stop the others. */
async function reader(store: RegistryStore, refs: readonly TokenRef[]) {
  const together = refs.length > 1 ? await orUnavailable(() => store.documents(refs)) : undefined;
  return async (place: number): Promise<Stored | undefined> =>
    readable(Array.isArray(together) ? together[place] : (await store.documents([at(refs, place)]))[0]);
}

/**
 * Raises the account's watermark, which readers compare with: one write, however many tokens the account has. It reads
 * first, because most operations come a second time, through the queue, and a failed write costs five times a read.
 */
async function applyToAccount({ store }: RegistryPorts, operation: AccountOperation): Promise<Outcome> {
  const removal = removalAt(operation.stamp);
  const [clear = ''] = await store.clears([operation]);
  if (clear < removal) await store.raiseClear(operation, removal);
  return { kind: 'applied' };
}

/**
 * Merges the operations into the document that was read, and writes it if no other writer has changed it since. Otherwise
 * merges them into the other writer's document and tries again. Pointers are written before the document that needs
 * them, so that every bound token can be found.
 */
async function applyToToken(
  ports: RegistryPorts,
  operations: readonly TokenOperation[],
  read: Stored | undefined,
): Promise<Outcome[]> {
  const ref: TokenRef = at(operations, 0);
  const pointed = new Set<AccountKey>();
  const horizon = horizonAt(ports.now());
  let stored = read;
  for (let attempt = 1; ; attempt++) {
    const next = merge(stored?.document ?? EMPTY, operations, horizon);
    const outcomes = operations.map((operation) => outcomeIn(next, operation, horizon));
    if (isDeepStrictEqual(next, stored?.document ?? EMPTY)) return outcomes;
    await point(ports.store, ref, newBinds(stored, next), pointed);
    const result = await ports.store.write(ref, next, stored?.version ?? 0);
    if (result === 'written') return outcomes;
    stored = result.winner;
    await ports.pause(attempt);
  }
}

const newBinds = (before: Stored | undefined, { edges }: TokenDocument): [AccountKey, string][] =>
  // Every key of `edges` was made by accountKey.
  (Object.entries(edges) as [AccountKey, string][]).filter(
    ([account, edge]) => isBind(edge) && before?.document.edges[account] !== edge,
  );

async function point(store: RegistryStore, ref: TokenRef, binds: [AccountKey, string][], pointed: Set<AccountKey>) {
  const missing = binds.filter(([account]) => !pointed.has(account));
  await inParallel(missing, AT_ONCE, async ([account, edge]) => {
    await store.raisePointer({ app: ref.app, account: parseAccountKey(account) }, ref.token, edge);
    pointed.add(account);
  });
}

/** A bind that leaves none of its accounts bound is superseded. A removal always applies. */
function outcomeIn(document: TokenDocument, operation: TokenOperation, horizon: string): Outcome {
  if (operation.kind !== 'bind' && operation.kind !== 'bindOverriding') return { kind: 'applied' };
  if (operation.stamp < horizon) return { kind: 'refused', reason: 'a bind older than the horizon' };
  const stands = operation.accounts
    .map(accountKey)
    .some((key) => document.edges[key]?.startsWith(operation.stamp) && isBound(document, key, ''));
  return { kind: stands ? 'applied' : 'superseded' };
}

const at = <T>(items: readonly T[], index: number): T => known(items[index]);

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('bug: an operation has no token, document or outcome');
  return value;
}
