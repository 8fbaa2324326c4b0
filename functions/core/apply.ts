import { isDeepStrictEqual } from 'node:util';
import { type AccountKey, accountKey, parseAccountKey } from './account.ts';
import { boundTokens } from './bindings.ts';
import type { AppId } from './configuration.ts';
import { candidates, EMPTY, isBound, type TokenDocument, UNMARKED, type Watermark } from './document.ts';
import { type Announce, withInstallations } from './installation.ts';
import { horizonAt, merge, raised } from './merge.ts';
import {
  type AccountOperation,
  type BindOperation,
  binds,
  isTokenOperation,
  namesInstallation,
  type Operation,
  type TokenOperation,
} from './operation.ts';
import { type Outcome, orUnavailable, readable, Unavailable } from './outcome.ts';
import { AT_ONCE, inParallel } from './parallel.ts';
import { isBind, sessionIn } from './stamp.ts';
import type { AccountRef, RegistryStore, Stored, TokenRef } from './store.ts';

/** The store, the clock, and the wait before the n-th new try (from 1) at a token that other workers write too. */
export type RegistryPorts = {
  readonly store: RegistryStore;
  readonly now: () => number;
  readonly pause: (attempt: number) => Promise<void>;
};

/**
 * Applies operations and returns the outcome of each, in order. The registry ends the same in whatever order and however
 * often they are applied. Documents are read together, and all operations of a token are one write. `answers`: the
 * sender gets the outcomes, which then count watermarks too. That is one read for each account that a login names.
 * `announce`: called with the removals that logins of installations lead to. Default: does nothing.
 */
export async function applyAll(
  ports: RegistryPorts,
  operations: readonly Operation[],
  { answers = false, announce = async () => {} }: { answers?: boolean; announce?: Announce } = {},
): Promise<Outcome[]> {
  const apply = (all: readonly Operation[]) => applyThese(ports, all, answers);
  return operations.some(namesInstallation)
    ? withInstallations({ store: ports.store, announce, apply }, operations)
    : apply(operations);
}

async function applyThese(
  ports: RegistryPorts,
  operations: readonly Operation[],
  answers: boolean,
): Promise<Outcome[]> {
  const tokens = Map.groupBy(operations.filter(isTokenOperation), ({ app, token }) => `${app}#${token}`);
  const accounts = Map.groupBy(
    operations.filter((one) => !isTokenOperation(one)),
    nameOf,
  );
  // Accounts first, so that the logins of the same request see their watermarks.
  const ofAccounts = await inParallel([...accounts.values()], AT_ONCE, async (group) => {
    const outcome = await orUnavailable(() => applyToAccount(ports, group, answers));
    return paired(group, outcome);
  });
  const groups = [...tokens.values()];
  const refs = groups.map((group) => at(group, 0));
  const named = answers ? operations.filter(binds).flatMap(accountsIn) : [];
  // A removal that an older read contains already may still leave a newer bind: its answer needs the newest document.
  const reads = answers && !operations.every(binds) ? 'strong' : undefined;
  // Together, before the write: a sign-out that comes later is a later operation.
  const [read, watermarks] = await Promise.all([
    reader(ports.store, refs, reads),
    orUnavailable(() => watermarksOf(ports.store, named)),
  ]);
  const ofTokens = await inParallel([...groups.entries()], AT_ONCE, async ([place, group]) => {
    const outcome = await orUnavailable(async () => {
      const document = await applyToToken(ports, group, await read(place));
      if ('kind' in watermarks) return watermarks;
      return answers ? answersIn(ports, group, document, watermarks) : outcomesIn(ports, group, document, watermarks);
    });
    return paired(group, outcome);
  });
  const outcomes = new Map<Operation, Outcome>([...ofTokens.flat(), ...ofAccounts.flat()]);
  return operations.map((operation) => known(outcomes.get(operation)));
}

/** Each operation with its outcome. */
const paired = (group: readonly Operation[], outcome: Outcome | Outcome[]) =>
  group.map((operation, i) => [operation, Array.isArray(outcome) ? at(outcome, i) : outcome] as const);

/** Reads all documents in one call. If that fails, each is read alone, so that one token does not stop the others. */
async function reader(store: RegistryStore, refs: readonly TokenRef[], reads: 'strong' | undefined) {
  const together = refs.length > 1 ? await orUnavailable(() => store.documents(refs, reads)) : undefined;
  return async (place: number): Promise<Stored | undefined> =>
    readable(Array.isArray(together) ? together[place] : (await store.documents([at(refs, place)], reads))[0]);
}

/**
 * Raises the account's watermark, which readers compare with: one write, however many tokens the account has. It reads
 * first, because most operations come a second time, through the queue, and a failed write costs five times a read.
 */
async function applyToAccount(
  ports: RegistryPorts,
  operations: readonly AccountOperation[],
  answers: boolean,
): Promise<Outcome[]> {
  const { store, now, pause } = ports;
  const ref = at(operations, 0);
  let stored = readable((await store.watermarks([ref]))[0]);
  for (let attempt = 1; ; attempt++) {
    const before = stored ?? { watermark: UNMARKED, version: 0 };
    const next = operations.reduce((watermark, operation) => raised(watermark, operation), before.watermark);
    if (isDeepStrictEqual(next, before.watermark)) break;
    const result = await store.writeWatermark(ref, next, before);
    if (result === 'written') break;
    stored = result.winner;
    await pause(attempt);
  }
  // A session that has ended binds nothing. Of the others a later bind may stand.
  const isAsked = answers && operations.some(({ kind }) => kind !== 'endAccountSession');
  const standing = isAsked ? await boundTokens(store, ref, now()) : [];
  return operations.map((operation) => {
    if (operation.kind === 'endAccountSession') return { kind: 'applied' };
    const spared = operation.kind === 'unbindAccountFromOthers' ? operation.session : undefined;
    const isLeft = standing.some(({ edge }) => spared === undefined || sessionIn(edge) !== spared);
    return { kind: isLeft ? 'superseded' : 'applied' };
  });
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
): Promise<TokenDocument> {
  const ref: TokenRef = at(operations, 0);
  const pointed = new Set<AccountKey>();
  const horizon = horizonAt(ports.now());
  let stored = read;
  for (let attempt = 1; ; attempt++) {
    const next = merge(stored?.document ?? EMPTY, operations, horizon);
    if (isDeepStrictEqual(next, stored?.document ?? EMPTY)) return next;
    await point(ports.store, ref, newBinds(stored, next), pointed);
    const result = await ports.store.write(ref, next, stored?.version ?? 0);
    if (result === 'written') return next;
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

/** Watermarks by `<app>#<type>#<account>`. */
type Watermarks = ReadonlyMap<string, Watermark | Unavailable>;

async function watermarksOf(store: RegistryStore, accounts: readonly AccountRef[]): Promise<Watermarks> {
  const stored = accounts.length === 0 ? [] : await store.watermarks(accounts);
  return new Map(
    accounts.map((ref, i) => {
      const one = stored[i];
      return [nameOf(ref), one instanceof Unavailable ? one : (one?.watermark ?? UNMARKED)];
    }),
  );
}

const nameOf = ({ app, account }: AccountRef) => `${app}#${accountKey(account)}`;

const accountsIn = ({ app, accounts }: BindOperation): AccountRef[] => accounts.map((account) => ({ app, account }));

/** The outcomes for the sender: if a removal leaves something bound, the watermarks of that are read too. */
async function answersIn(
  ports: RegistryPorts,
  operations: readonly TokenOperation[],
  document: TokenDocument,
  known: Watermarks,
): Promise<Outcome[]> {
  const outcomes = outcomesIn(ports, operations, document, known);
  if (!operations.some((operation, i) => !binds(operation) && at(outcomes, i).kind === 'superseded')) return outcomes;
  const { app } = at(operations, 0);
  const left = candidates(document, ports.now()).map((account) => ({ app, account: parseAccountKey(account) }));
  return outcomesIn(ports, operations, document, new Map([...known, ...(await watermarksOf(ports.store, left))]));
}

/**
 * A bind is superseded if none of its accounts is bound by it; a removal if something that it names is still bound: a
 * clock is wrong, or the event is late.
 */
function outcomesIn(
  { now }: RegistryPorts,
  operations: readonly TokenOperation[],
  document: TokenDocument,
  watermarks: Watermarks,
): Outcome[] {
  const nowMs = now();
  const stands = (app: AppId, account: AccountKey): boolean =>
    isBound(document, account, readable(watermarks.get(`${app}#${account}`) ?? UNMARKED), nowMs);
  return operations.map((operation): Outcome => {
    const { app, stamp } = operation;
    if (!binds(operation)) {
      const left = namedBy(operation, document, nowMs).some((account) => stands(app, account));
      return { kind: left ? 'superseded' : 'applied' };
    }
    if (stamp < horizonAt(nowMs)) return { kind: 'refused', reason: 'a bind older than the horizon' };
    const own = operation.accounts.map(accountKey).filter((key) => document.edges[key]?.startsWith(stamp));
    return { kind: own.some((key) => stands(app, key)) ? 'applied' : 'superseded' };
  });
}

/** The accounts that a removal names and the document knows. What an ended session has bound is never left. */
function namedBy(operation: TokenOperation, document: TokenDocument, nowMs: number): AccountKey[] {
  if (operation.kind === 'endSession') return [];
  return 'accounts' in operation ? operation.accounts.map(accountKey) : candidates(document, nowMs);
}

const at = <T>(items: readonly T[], index: number): T => known(items[index]);

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('bug: an operation has no token, document or outcome');
  return value;
}
