import { isDeepStrictEqual } from 'node:util';
import { type AccountKey, accountKey, parseAccountKey } from './account.ts';
import { applyTogether, readTogether } from './batch.ts';
import { standingTokens } from './bindings.ts';
import { candidates, EMPTY, newBinds, type TokenDocument, UNMARKED } from './document.ts';
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
import { type Outcome, orUnavailable, outcomesIn, readable, Unavailable, type Watermarks } from './outcome.ts';
import { AT_ONCE, inParallel } from './parallel.ts';
import { sessionIn } from './stamp.ts';
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
 * sender gets the outcomes, which then count watermarks too. That is one read for each account that a login names. `logins`:
 * the outcomes of binds count watermarks, and no others do.
 * `announce`: called with the removals that logins of installations lead to. Default: does nothing. `durable`: no write
 * begins before it resolves, reads do. Default: resolved.
 */
export async function applyAll(
  { store: given, now, pause }: RegistryPorts,
  operations: readonly Operation[],
  {
    answers = false,
    announce = async () => {},
    durable,
  }: { answers?: boolean | 'logins'; announce?: Announce; durable?: Promise<unknown> } = {},
): Promise<Outcome[]> {
  const store = durable ? writingAfter(durable, given) : given;
  const apply = (all: readonly Operation[]) => applyThese({ store, now, pause }, all, answers);
  return operations.some(namesInstallation)
    ? withInstallations({ store, announce, apply }, operations)
    : apply(operations);
}

/** The store; its writes wait, and reject if the promise does. */
function writingAfter(durable: Promise<unknown>, store: RegistryStore): RegistryStore {
  const after =
    <P extends unknown[], R>(write: (...parameters: P) => Promise<R>) =>
    (...parameters: P): Promise<R> =>
      durable.then(() => write(...parameters));
  return {
    ...store,
    write: after(store.write),
    writeAll: after(store.writeAll),
    raisePointer: after(store.raisePointer),
    raisePointers: after(store.raisePointers),
    writeWatermark: after(store.writeWatermark),
    writeNewestLogin: after(store.writeNewestLogin),
  };
}

async function applyThese(
  ports: RegistryPorts,
  operations: readonly Operation[],
  asked: boolean | 'logins',
): Promise<Outcome[]> {
  const answers = asked === true;
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
  const named = asked ? operations.filter(binds).flatMap(accountsIn) : [];
  // A removal that an older read contains already may still leave a newer bind: its answer needs the newest document.
  const reads = answers && !operations.every(binds) ? 'strong' : undefined;
  // Together, before the write: a sign-out that comes later is a later operation.
  const [read, watermarks] = await Promise.all([
    groups.length > 1 ? readTogether(ports.store, groups, reads) : undefined,
    orUnavailable(() => watermarksOf(ports.store, named)),
  ]);
  const begun = read && (await applyTogether(ports, groups, read));
  const ofTokens = await inParallel([...groups.entries()], AT_ONCE, async ([place, group]) => {
    const outcome = await orUnavailable(async () => {
      const one = begun?.[place] ?? { stored: (await ports.store.documents([at(group, 0)], reads))[0] };
      const document = 'applied' in one ? one.applied : await applyToToken(ports, group, readable(one.stored));
      if ('kind' in watermarks) return watermarks;
      return answers
        ? answersIn(ports, group, document, watermarks)
        : outcomesIn(group, { document, watermarks, nowMs: ports.now() });
    });
    return paired(group, outcome);
  });
  const outcomes = new Map<Operation, Outcome>([...ofTokens.flat(), ...ofAccounts.flat()]);
  return operations.map((operation) => known(outcomes.get(operation)));
}

/** Each operation with its outcome. */
const paired = (group: readonly Operation[], outcome: Outcome | Outcome[]) =>
  group.map((operation, i) => [operation, Array.isArray(outcome) ? at(outcome, i) : outcome] as const);

/**
 * Raises the account's watermark, which queries compare with: one write, however many tokens the account has. It reads
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
  let next = stored?.watermark ?? UNMARKED;
  for (let attempt = 1; ; attempt++) {
    const before = stored ?? { watermark: UNMARKED, version: 0 };
    next = operations.reduce((watermark, operation) => raised(watermark, operation), before.watermark);
    if (isDeepStrictEqual(next, before.watermark)) break;
    const result = await store.writeWatermark(ref, next, before);
    if (result === 'written') break;
    stored = result.winner;
    await pause(attempt);
  }
  // A session that has ended binds nothing. Of the others a later bind may stand.
  const isAsked = answers && operations.some(({ kind }) => kind !== 'endAccountSession');
  const { bound, hasMore } = isAsked ? await standingTokens(store, ref, next, now()) : NONE;
  return operations.map((operation) => {
    if (operation.kind === 'endAccountSession') return { kind: 'applied' };
    const spared = operation.kind === 'unbindAccountFromOthers' ? operation.session : undefined;
    const isLeft = bound.some(({ edge }) => spared === undefined || sessionIn(edge) !== spared);
    // It is in effect. That it leaves nothing is not known.
    if (!isLeft && hasMore) return { kind: 'unavailable', reason: 'too many tokens to look at' };
    return { kind: isLeft ? 'superseded' : 'applied' };
  });
}

const NONE = { bound: [], hasMore: false };

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
    await point(ports.store, ref, newBinds(stored?.document, next), pointed);
    const result = await ports.store.write(ref, next, stored?.version ?? 0);
    if (result === 'written') return next;
    stored = result.winner;
    await ports.pause(attempt);
  }
}

async function point(store: RegistryStore, ref: TokenRef, binds: [AccountKey, string][], pointed: Set<AccountKey>) {
  const missing = binds.filter(([account]) => !pointed.has(account));
  await inParallel(missing, AT_ONCE, async ([account, edge]) => {
    await store.raisePointer({ app: ref.app, account: parseAccountKey(account) }, ref.token, edge);
    pointed.add(account);
  });
}

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
  const nowMs = ports.now();
  const outcomes = outcomesIn(operations, { document, watermarks: known, nowMs });
  if (!operations.some((operation, i) => !binds(operation) && at(outcomes, i).kind === 'superseded')) return outcomes;
  const { app } = at(operations, 0);
  const left = candidates(document, nowMs).map((account) => ({ app, account: parseAccountKey(account) }));
  const watermarks = new Map([...known, ...(await watermarksOf(ports.store, left))]);
  return outcomesIn(operations, { document, watermarks, nowMs });
}

const at = <T>(items: readonly T[], index: number): T => known(items[index]);

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('bug: an operation has no token, document or outcome');
  return value;
}
