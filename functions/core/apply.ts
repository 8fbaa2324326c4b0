import { isDeepStrictEqual } from 'node:util';
import { type AccountKey, accountKey, parseAccountKey } from './account.ts';
import { EMPTY, isBound, type TokenDocument } from './document.ts';
import { horizonAt, merge } from './merge.ts';
import { type AccountOperation, isTokenOperation, type Operation, type TokenOperation } from './operation.ts';
import { type Outcome, orUnavailable } from './outcome.ts';
import { inParallel } from './parallel.ts';
import { isBind, removalAt } from './stamp.ts';
import type { RegistryStore, Stored, TokenRef } from './store.ts';

/** The world the registry stands in. `pause` waits before the n-th new try (from 1) at a token that others write too. */
export type RegistryPorts = {
  readonly store: RegistryStore;
  readonly now: () => number;
  readonly pause: (attempt: number) => Promise<void>;
};

/** Tokens and accounts one call works on at a time. */
const AT_ONCE = 16;

/**
 * Applies operations, in any order, any number of times: the registry ends the same. Each operation gets its outcome;
 * the documents are read together, and all of a token's operations are one write.
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

/** Reads all documents in one call. One token's trouble is its own: where they can't be read together, each is read alone. */
async function reader(store: RegistryStore, refs: readonly TokenRef[]) {
  const together = refs.length > 1 ? await orUnavailable(() => store.documents(refs)) : undefined;
  return async (place: number): Promise<Stored | undefined> =>
    Array.isArray(together) ? together[place] : (await store.documents([at(refs, place)]))[0];
}

/**
 * One write, however many tokens the account has: reads compare with the watermark. The watermark is read first: most
 * operations come a second time, through the queue, and a write that fails costs five times a read.
 */
async function applyToAccount({ store }: RegistryPorts, operation: AccountOperation): Promise<Outcome> {
  const removal = removalAt(operation.stamp);
  const [clear = ''] = await store.clears([operation]);
  if (clear < removal) await store.raiseClear(operation, removal);
  return { kind: 'applied' };
}

/**
 * Merge with what was read, write if nobody else has; else take what the other wrote and merge again. Each lost race is another
 * writer's progress. Pointers are written before the document that needs them: what is bound can be found.
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

/** A bind that leaves none of its accounts bound has been overtaken; a removal always holds from its moment on. */
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
  if (value === undefined) throw new Error('a value that was put in was not there');
  return value;
}
