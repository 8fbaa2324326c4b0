import { type Account, accountOf } from '../core/account.ts';
import type { Cause, Check, TokenMark } from '../core/mirror-mark.ts';
import { afterDrop, afterMatch, afterMiss, isEqual, type MirrorState } from '../core/mirror-state.ts';
import type { StoredState } from '../core/mirror-store.ts';
import { msOf } from '../core/stamp.ts';
import { candidates, momentsOf } from '../core/token-document.ts';
import type { NotAnswered } from './hosted.ts';
import { type MirrorPorts, wantedOf } from './mirror-ports.ts';
import { type Again, againAfter } from './mirror-tell.ts';

/** A check whose time has come, with what is known of its token. */
export type Due = { readonly check: Check; readonly cause: Cause; readonly stored: StoredState };

/** Nothing where the comparison is done; why not where it has to be made again. */
export async function compare(ports: MirrorPorts, due: readonly Due[]): Promise<Again | undefined> {
  const tokens = due.map(({ check }) => check.token);
  const answer = await ports.hosted.accountsOf(tokens);
  if (answer.kind === 'refused') return refused(ports, due, answer);
  if (answer.kind !== 'found') return againAfter(answer);
  const wanted = await wantedOf(ports, tokens);
  const compared = due.map((one, i) => ({ ...one, wanted: wanted[i] ?? [], found: answer.accounts[i] ?? [] }));
  const { untyped, mode } = ports.app.mirror;
  const [equal, different] = [true, false].map((is) =>
    compared.filter(({ wanted, found }) => isEqual(wanted, found, untyped) === is),
  );
  const changed = await changedSince(ports, different ?? []);
  for (const [by, group] of Map.groupBy(compared, ({ cause }) => cause)) {
    const count = group.filter((one) => different?.includes(one) && !changed.has(one)).length;
    if (count > 0) ports.note({ kind: 'different', by, tokens: count, of: group.length });
  }
  if (mode === 'observe') return undefined;
  await repair(ports, different ?? [], changed);
  await confirm(ports, equal ?? []);
  return undefined;
}

/** One token in a query that is refused spoils the answer for all: they are asked in halves. */
async function refused(ports: MirrorPorts, due: readonly Due[], { reason }: NotAnswered): Promise<Again | undefined> {
  const [one] = due;
  if (one === undefined) return undefined;
  if (due.length === 1) {
    await note(ports, one, afterDrop(one.stored.state, reason, ports.now()));
    ports.note({ kind: 'dropped', reason, requests: one.check.id });
    return undefined;
  }
  const middle = Math.ceil(due.length / 2);
  return (await compare(ports, due.slice(0, middle))) ?? (await compare(ports, due.slice(middle)));
}

type Compared = Due & { readonly wanted: readonly Account[]; readonly found: readonly Account[] };

/**
 * Those that changed in the registry after they were told. Their marks are on the way, perhaps behind many others: such a
 * difference says nothing of the hosted side. It is neither reported nor held against the token, whose next verification
 * would else come later and later while the mirror is behind.
 */
async function changedSince(
  { app, registry }: MirrorPorts,
  different: readonly Compared[],
): Promise<ReadonlySet<Compared>> {
  // A sweep has left out what changes just now (verify.ts): whatever else it finds has no mark on the way.
  const told = different.filter(({ cause, stored: { state } }) => cause !== 'sweep' && state.pushedMs > 0);
  const documents = await registry.documents(told.map(({ check: { token } }) => ({ app: app.id, token })));
  const accounts = documents.map((stored) => candidates(stored?.document));
  const asked = accounts.flat().map((key) => ({ app: app.id, account: accountOf(key) }));
  const clears = (await registry.clears(asked)).values();
  return new Set(
    told.filter(({ stored: { state } }, i) => {
      const document = documents[i]?.document;
      const moments = [...(document ? momentsOf(document) : []), ...clears.take(accounts[i]?.length ?? 0)];
      return moments.some((moment) => msOf(moment) > state.pushedMs);
    }),
  );
}

/** Forgets what was told and marks the token dirty, so that it is told again. */
async function repair(
  ports: MirrorPorts,
  different: readonly Compared[],
  changed: ReadonlySet<Compared>,
): Promise<void> {
  if (different.length === 0) return;
  const nowMs = ports.now();
  for (const one of different) {
    const { state } = one.stored;
    const missed = afterMiss(state, one.found);
    await note(ports, one, changed.has(one) ? { ...missed, misses: state.misses } : missed);
  }
  const tokens: TokenMark[] = different.map(({ check, stored: { state } }) => ({
    token: check.token,
    id: check.id,
    ms: state.changedMs ?? nowMs,
    removes: state.removedMs !== undefined,
    forcedMs: nowMs,
  }));
  await ports.mark({ tokens, accounts: [] });
}

/** Says that tokens are equal, and has those looked at once more that have just become so. */
async function confirm(ports: MirrorPorts, equal: readonly Compared[]): Promise<void> {
  const nowMs = ports.now();
  const confirmed: Compared[] = [];
  for (const one of equal) {
    const { changedMs, pushed, seen } = one.stored.state;
    const isMore = seen.length > one.wanted.length;
    const isNews = one.cause === 'push' || changedMs !== undefined || pushed === undefined || isMore;
    // Overtaken by a push in the meantime, it is not this that is equal.
    if (isNews && (await note(ports, one, afterMatch(one.stored.state, one.wanted)))) confirmed.push(one);
  }
  const fresh = confirmed.filter(({ cause }) => cause === 'push');
  if (fresh.length === 0) return;
  const checks = fresh.map(({ check }) => check);
  await ports.check('again', checks, Math.min(900, ports.app.mirror.settleS * 10));
  const states = fresh.map(({ stored }) => stored.state);
  const afterMs = Math.max(...states.map(({ changedMs }) => nowMs - (changedMs ?? nowMs)));
  const exposed = states.flatMap(({ removedMs, pushedMs }) => (removedMs === undefined ? [] : [pushedMs - removedMs]));
  const exposedMs = exposed.length > 0 && { exposedMs: Math.max(0, ...exposed) };
  ports.note({ kind: 'converged', tokens: fresh.length, afterMs, ...exposedMs });
}

/** Whether it could be noted: where a push has overtaken this, that push's own verification will say. */
const note = ({ app, states }: MirrorPorts, { check, stored }: Due, state: MirrorState): Promise<boolean> =>
  states.writeState(app.id, check.token, state, stored.version);
