import type { NotAnswered } from '../account-api/client.ts';
import { type Account, parseAccountKey, type Token } from '../core/account.ts';
import type { AppId } from '../core/configuration.ts';
import { candidates, momentsOf } from '../core/document.ts';
import { orUnavailable } from '../core/outcome.ts';
import { chunksOf } from '../core/parallel.ts';
import { msOf } from '../core/stamp.ts';
import type { Delivery, MessageResult } from '../lambda/message.ts';
import { jsonIn } from '../lambda/request.ts';
import { type Again, againAfter, type MirrorPorts, QUERIED_A_CALL, wantedOf } from './calls.ts';
import { type Cause, type Check, ChecksMessage, type TokenMark } from './mark.ts';
import { afterDrop, afterMatch, afterMiss, isEqual, type MirrorState, type StoredState } from './state.ts';

/**
 * Asks the hosted side what tokens hold. What differs is marked dirty again, and that until it is equal; what is equal
 * is looked at once more, much later. Checks of all messages of an app are asked together.
 */
export async function verifyMessages(
  mirrors: ReadonlyMap<AppId, MirrorPorts>,
  deliveries: readonly Delivery[],
): Promise<MessageResult[]> {
  const messages = deliveries.map(({ body }) => checksIn(body));
  const again = new Map<Check, Again>();
  for (const [id, ports] of mirrors) {
    const asked = messages
      .filter((message) => message?.app === id)
      .flatMap((message) => (message ? message.checks.map((check) => ({ check, cause: message.cause })) : []));
    for (const [check, why] of await verify(ports, asked)) again.set(check, why);
  }
  return messages.map((message): MessageResult => {
    if (message === undefined) return { kind: 'retry', reason: 'unreadable' };
    const line = { app: message.app, cause: message.cause, checks: message.checks.length };
    const why = message.checks.map((check) => again.get(check)).find((one) => one !== undefined);
    return why ? { ...why, ...line } : { kind: 'done', ...line };
  });
}

function checksIn(body: string): ChecksMessage | undefined {
  const message = ChecksMessage.safeParse(jsonIn(body)?.value);
  return message.success ? message.data : undefined;
}

type Asked = Omit<Due, 'stored'>;

async function verify(ports: MirrorPorts, asked: readonly Asked[]): Promise<Map<Check, Again>> {
  const again = new Map<Check, Again>();
  const due = await orUnavailable(() => dueOf(ports, asked));
  if ('kind' in due) return new Map(asked.map(({ check }) => [check, { kind: 'retry', reason: due.reason }]));
  for (const some of chunksOf(due, QUERIED_A_CALL)) {
    const done = await orUnavailable(() => compare(ports, some));
    if (done === undefined) continue;
    const why = done.kind === 'retry' ? done : ({ kind: 'retry', reason: done.reason } as const);
    for (const { check } of some) again.set(check, why);
  }
  return again;
}

/**
 * Each token once. Left out is what a later push has overtaken, since that has its own verification, and what the hosted
 * side does not take. What was pushed so recently that the call may still be on its way is asked later.
 */
async function dueOf(ports: MirrorPorts, asked: readonly Asked[]): Promise<Due[]> {
  const { app, states, now } = ports;
  const each = newestOfEach(asked);
  const stored = await states.states(
    app.id,
    each.map(({ check }) => check.token),
  );
  const known = each
    .flatMap((one, i) => (stored[i] ? [{ ...one, stored: stored[i] }] : []))
    .filter(
      ({ check, stored: { state } }) => state.dropped === undefined && !(state.pushedMs > (check.pushedMs ?? now())),
    );
  const settled = now() - app.mirror.settleS * 1000;
  const early = known.filter(({ stored: { state } }) => state.pushedMs > settled);
  const waiting = early.filter(({ cause }) => cause !== 'sweep');
  for (const [cause, group] of Map.groupBy(waiting, (one) => one.cause))
    await ports.check(
      cause,
      group.map(({ check }) => check),
      Math.min(900, app.mirror.settleS),
    );
  const due = known.filter((one) => !early.includes(one));
  return withoutChanging(ports, due, settled);
}

/** Of several checks of one token that of the newest push. */
function newestOfEach(asked: readonly Asked[]): Asked[] {
  const newest = new Map<Token, Asked>();
  for (const one of asked) {
    const known = newest.get(one.check.token)?.check;
    if (known === undefined || (one.check.pushedMs ?? 0) >= (known.pushedMs ?? 0)) newest.set(one.check.token, one);
  }
  return [...newest.values()];
}

/** A sweep leaves alone what has changed just now: its own mark is on the way, and the difference says nothing. */
async function withoutChanging({ app, registry }: MirrorPorts, due: readonly Due[], settled: number): Promise<Due[]> {
  const swept = due.filter(({ cause }) => cause === 'sweep');
  if (swept.length === 0) return [...due];
  const documents = await registry.documents(swept.map(({ check }) => ({ app: app.id, token: check.token })));
  const changing = swept.filter((_, i) => {
    const document = documents[i]?.document;
    return document !== undefined && Math.max(...momentsOf(document).map(msOf)) > settled;
  });
  return due.filter((one) => !changing.includes(one));
}

/** A check whose time has come, with what is known of its token. */
type Due = { readonly check: Check; readonly cause: Cause; readonly stored: StoredState };

/** Nothing where the comparison is done; why not where it has to be made again. */
async function compare(ports: MirrorPorts, due: readonly Due[]): Promise<Again | undefined> {
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
  const asked = accounts.flat().map((key) => ({ app: app.id, account: parseAccountKey(key) }));
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
