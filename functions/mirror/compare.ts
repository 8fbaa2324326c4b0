import type { NotAnswered } from '../account-api/client.ts';
import { type Account, parseAccountKey } from '../core/account.ts';
import { candidates, EMPTY, momentsOf } from '../core/document.ts';
import { readable } from '../core/outcome.ts';
import { msOf } from '../core/stamp.ts';
import { type Retry, retryAfter } from './calls.ts';
import type { Cause, Check, DirtyMark } from './mark.ts';
import { type MirrorPorts, targetAccounts } from './ports.ts';
import { afterDrop, afterMatch, afterMiss, isEqual, type MirrorState, type StoredState } from './state.ts';

/** A check to make now, with the state of its token. */
export type DueCheck = { readonly check: Check; readonly cause: Cause; readonly stored: StoredState };

type Comparison = DueCheck & { readonly target: readonly Account[]; readonly found: readonly Account[] };

/**
 * Compares the accounts of hosted tokens with the registry's: at most one query's worth of tokens. Returns undefined
 * when done, otherwise why to retry.
 */
export async function compare(ports: MirrorPorts, due: readonly DueCheck[]): Promise<Retry | undefined> {
  const tokens = due.map(({ check }) => check.token);
  const answer = await ports.hosted.accountsOf(tokens);
  if (answer.kind === 'refused') return compareHalves(ports, due, answer);
  if (answer.kind !== 'found') return retryAfter(answer);
  const targets = await targetAccounts(ports, tokens);
  const compared = due.map((one, i) => ({ ...one, target: targets[i] ?? [], found: answer.accounts[i] ?? [] }));
  const { untyped, mode } = ports.app.mirror;
  const different = compared.filter(({ target, found }) => !isEqual(target, found, untyped));
  const changed = await changedSince(ports, different);
  for (const [by, group] of Map.groupBy(compared, ({ cause }) => cause)) {
    const count = group.filter((one) => different.includes(one) && !changed.has(one)).length;
    if (count > 0) ports.note({ kind: 'different', by, tokens: count, of: group.length });
  }
  if (mode === 'observe') return undefined;
  await repair(ports, different, changed);
  await confirm(
    ports,
    compared.filter((one) => !different.includes(one)),
  );
  return undefined;
}

/** Queries a refused query's tokens in halves, until only the refused token is left, which is dropped. */
async function compareHalves(
  ports: MirrorPorts,
  due: readonly DueCheck[],
  { reason }: NotAnswered,
): Promise<Retry | undefined> {
  const [one] = due;
  if (one === undefined) return undefined;
  if (due.length === 1) {
    await save(ports, one, afterDrop(one.stored.state, reason, ports.now()));
    ports.note({ kind: 'dropped', reason, requests: one.check.id });
    return undefined;
  }
  const middle = Math.ceil(due.length / 2);
  return (await compare(ports, due.slice(0, middle))) ?? (await compare(ports, due.slice(middle)));
}

/**
 * Returns the tokens that changed in the registry after their push. Their marks are on the way, perhaps behind many
 * others, so the difference says nothing about the hosted API. It is not reported and counts no miss: misses delay the
 * next verification, and a mirror that is behind would verify later and later.
 */
async function changedSince(
  { app, registry, now }: MirrorPorts,
  different: readonly Comparison[],
): Promise<ReadonlySet<Comparison>> {
  // `withoutChanging` in verify.ts has left out the sweep's tokens with a mark on the way.
  const pushed = different.filter(({ cause, stored: { state } }) => cause !== 'sweep' && state.pushedMs > 0);
  const read = await registry.documents(pushed.map(({ check: { token } }) => ({ app: app.id, token })));
  const documents = read.map((one) => readable(one)?.document ?? EMPTY);
  const accounts = documents.map((document) => candidates(document, now()));
  const refs = accounts.flat().map((key) => ({ app: app.id, account: parseAccountKey(key) }));
  const watermarks = (await registry.watermarks(refs)).values();
  return new Set(
    pushed.filter(({ stored: { state } }, i) => {
      const own = watermarks.take(accounts[i]?.length ?? 0).flatMap((one) => momentsOf(readable(one).watermark));
      return [...momentsOf(documents[i] ?? EMPTY), ...own].some((moment) => msOf(moment) > state.pushedMs);
    }),
  );
}

/** Marks different tokens dirty, and forces the push. */
async function repair(
  ports: MirrorPorts,
  different: readonly Comparison[],
  changed: ReadonlySet<Comparison>,
): Promise<void> {
  if (different.length === 0) return;
  const nowMs = ports.now();
  for (const one of different) {
    const { state } = one.stored;
    const missed = afterMiss(state, one.found);
    await save(ports, one, changed.has(one) ? { ...missed, misses: state.misses } : missed);
  }
  const tokens: DirtyMark[] = different.map(({ check, stored: { state } }) => ({
    token: check.token,
    id: check.id,
    ms: state.changedMs ?? nowMs,
    removes: state.removedMs !== undefined,
    forcedMs: nowMs,
  }));
  await ports.mark({ tokens, accounts: [] });
}

/** Saves and logs that tokens are equal, and has those that have just become equal verified once more. */
async function confirm(ports: MirrorPorts, equal: readonly Comparison[]): Promise<void> {
  const nowMs = ports.now();
  const confirmed: Comparison[] = [];
  for (const one of equal) {
    const { changedMs, pushed, seen } = one.stored.state;
    const isMore = seen.length > one.target.length;
    const isNews = one.cause === 'push' || changedMs !== undefined || pushed === undefined || isMore;
    // If the state was not saved, a newer push changed it: this match does not count.
    if (isNews && (await save(ports, one, afterMatch(one.stored.state, one.target)))) confirmed.push(one);
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

/** Returns whether the state was saved; false if a push came in between, whose own check follows. */
const save = ({ app, states }: MirrorPorts, { check, stored }: DueCheck, state: MirrorState): Promise<boolean> =>
  states.writeState(app.id, check.token, state, stored.version);
