import type { Account, Token } from '../core/account.ts';
import type { AppId } from '../core/configuration.ts';
import { orUnavailable, Unavailable } from '../core/outcome.ts';
import { AT_ONCE, inParallel } from '../core/parallel.ts';
import type { Delivery, MessageResult } from '../lambda/message.ts';
import { inHalves, makeCalls, messageResult, type PushResult, type Retry, retryAfter } from './calls.ts';
import { notCalled } from './hosted.ts';
import { type AccountMark, type DirtyMark, joinMarks, MarksMessage, readMessage } from './mark.ts';
import { planCalls } from './plan.ts';
import { hostedAccount, type MirrorPorts, requestsOf, targetAccounts } from './ports.ts';
import { afterDrop, afterPush, type MirrorState, needsPush, type StoredState, seenAccounts, UNKNOWN } from './state.ts';

/** How long one batch may begin new calls (ms): the function ends well before its timeout. */
const PUSH_BUDGET_MS = 15_000;

/**
 * Pushes the tokens that a batch of messages marks dirty: reads the accounts they must hold, pushes what is not pushed
 * yet, and has it verified. A token is one element of one call, however many marks name it.
 */
export async function pushMessages(
  mirrors: ReadonlyMap<AppId, MirrorPorts>,
  deliveries: readonly Delivery[],
): Promise<MessageResult[]> {
  const read = deliveries.map((delivery) => ({
    message: readMessage(MarksMessage, delivery.body),
    isRedelivered: delivery.receives > 1,
  }));
  const retries = new Map<DirtyMark | AccountMark, Retry>();
  for (const [id, ports] of mirrors) {
    const own = read.filter(({ message }) => message?.app === id);
    const accounts = own.flatMap(({ message }) => message?.accounts ?? []);
    const tokens = own.flatMap(({ message, isRedelivered }) =>
      (message?.tokens ?? []).map((mark) => ({ mark, isRedelivered })),
    );
    for (const [mark, retry] of await pushAccounts(ports, accounts)) retries.set(mark, retry);
    for (const [mark, retry] of await pushTokens(ports, tokens)) retries.set(mark, retry);
  }
  return read.map(({ message }) => {
    if (message === undefined) return { kind: 'retry', reason: 'unreadable' };
    const marks = [...message.tokens, ...message.accounts];
    return messageResult(marks, retries, { app: message.app, marks: marks.length, ids: requestsOf(marks) });
  });
}

/**
 * An account that lost every token is unbound from all tokens in one call, which also covers tokens that the registry
 * does not know. Then each known token is marked dirty, since this call may arrive late and undo a newer login.
 */
async function pushAccounts(ports: MirrorPorts, marks: readonly AccountMark[]): Promise<Map<AccountMark, Retry>> {
  const lost = marks.filter(({ keeps, after }) => !keeps && after === undefined);
  const accounts = lost.flatMap(({ account }) => hostedAccount(ports.app)(account));
  if (ports.app.mirror.mode === 'mirror' && accounts.length > 0) {
    const answer = await ports.hosted.operate({ kind: 'unbindAccountFromAll', accounts });
    if (answer.kind === 'unavailable' || answer.kind === 'unauthorized')
      return new Map(marks.map((mark) => [mark, retryAfter(answer)]));
    if (answer.kind === 'refused') ports.note({ kind: 'dropped', reason: answer.reason, requests: requestsOf(marks) });
  }
  const retries = new Map<AccountMark, Retry>();
  for (const mark of marks) {
    const failure = await orUnavailable(() => markTokensOf(ports, mark));
    if (failure) retries.set(mark, { kind: 'retry', reason: failure.reason });
  }
  return retries;
}

/**
 * Marks a page of the account's tokens, and the account again from the place where the page ends. A message is one page, so
 * however many tokens there are a try ends in time, and one that fails begins at its own page.
 */
async function markTokensOf(ports: MirrorPorts, { after, ...account }: AccountMark): Promise<void> {
  const { app, registry, mark, now } = ports;
  const { id, ms, keeps } = account;
  const { pointers, next } = await registry.pointers({ app: app.id, account: account.account }, after?.token);
  // Forced: whenever the call arrives it takes the account from the token, so the last push proves nothing any more.
  const forced = keeps ? {} : { forcedMs: after?.forcedMs ?? now() };
  const tokens = pointers.map(({ token }) => ({ token, id, ms, removes: true, ...forced }));
  const accounts = next === undefined ? [] : [{ ...account, after: { token: next, ...forced } }];
  if (tokens.length + accounts.length > 0) await mark({ tokens, accounts });
}

type ReceivedMark = { readonly mark: DirtyMark; readonly isRedelivered: boolean };

/** A token to push: all its marks joined into one, its state, and the accounts it must hold. */
type DirtyToken = {
  readonly mark: DirtyMark;
  readonly stored: StoredState;
  readonly accounts: readonly Account[];
};

async function pushTokens(ports: MirrorPorts, received: readonly ReceivedMark[]): Promise<Map<DirtyMark, Retry>> {
  const marks = new Map<Token, DirtyMark>();
  // Redelivered: the earlier worker may have pushed and died before saving the state. Push again.
  for (const { mark, isRedelivered } of received)
    marks.set(mark.token, joinMarks(marks.get(mark.token), isRedelivered ? { forcedMs: mark.ms, ...mark } : mark));
  const byToken = new Map<Token, Retry>();
  const failed = await inHalves([...marks.values()], async (some) => {
    for (const [token, result] of await makeEqual(ports, some))
      if (result.kind === 'retry') byToken.set(token, result.retry);
  });
  for (const [{ token }, retry] of failed) byToken.set(token, retry);
  return new Map(
    received.flatMap(({ mark }) => {
      const retry = byToken.get(mark.token);
      return retry === undefined ? [] : [[mark, retry] as const];
    }),
  );
}

async function makeEqual(ports: MirrorPorts, marks: readonly DirtyMark[]): Promise<ReadonlyMap<Token, PushResult>> {
  if (marks.length === 0) return new Map();
  const { mirror } = ports.app;
  if (mirror.mode === 'observe') {
    await ports.check('push', marks.map(checkOf), mirror.settleS);
    return new Map();
  }
  // While the breaker blocks calls, reads would be wasted at every retry of a long outage.
  const blockedMs = ports.hosted.blockedMs?.() ?? 0;
  const blocked = { kind: 'retry', retry: retryAfter(notCalled(blockedMs)), isTried: false } as const;
  if (blockedMs > 0) return new Map(marks.map(({ token }) => [token, blocked]));
  const dirty = await dirtyTokens(ports, marks);
  const targets = dirty.map(({ mark: { token }, accounts, stored }) => ({
    token,
    accounts,
    seen: seenAccounts(stored.state),
  }));
  const end = ports.now() + PUSH_BUDGET_MS;
  const results = await makeCalls(ports.hosted, planCalls(mirror.dialect, targets), () => ports.now() < end);
  await saveResults(ports, dirty, results);
  return results;
}

/** Returns the marked tokens that differ from their last push, or whose mark forces one. */
async function dirtyTokens(ports: MirrorPorts, marks: readonly DirtyMark[]): Promise<DirtyToken[]> {
  const tokens = marks.map(({ token }) => token);
  const stored = await ports.states.states(ports.app.id, tokens);
  const targets = await targetAccounts(ports, tokens);
  return marks
    .map((mark, i) => ({ mark, stored: stored[i] ?? { state: UNKNOWN, version: 0 }, accounts: targets[i] ?? [] }))
    .filter(({ mark, stored, accounts }) => mark.forcedMs !== undefined || needsPush(stored.state, accounts));
}

/**
 * Sends the checks of pushed tokens first, then saves their states. A crash in between leaves the mark on the queue. In
 * the other order, a mark that becomes a dead letter in between and is redriven would find a state without a
 * difference: no push and no check.
 */
async function saveResults(
  ports: MirrorPorts,
  dirty: readonly DirtyToken[],
  results: ReadonlyMap<Token, PushResult>,
): Promise<void> {
  const nowMs = ports.now();
  const tried = dirty.filter(({ mark }) => isTried(results.get(mark.token)));
  const sent = tried.filter(({ mark }) => results.get(mark.token)?.kind !== 'dropped');
  for (const [delayS, group] of Map.groupBy(sent, (one) => delayOf(ports, one)))
    await ports.check(
      'push',
      group.map(({ mark }) => ({ ...checkOf(mark), pushedMs: nowMs })),
      delayS,
    );
  await inParallel(tried, AT_ONCE, (one) =>
    write(ports, one, (state) => stateAfter(state, one, results.get(one.mark.token), nowMs)),
  );
  noteResults(ports, dirty, results, nowMs);
}

/** True if the call may have arrived. Without an answer the token's accounts are unknown until the next push. */
const isTried = (result: PushResult | undefined): boolean => result?.kind !== 'retry' || result.isTried;

const checkOf = ({ token, id }: DirtyMark) => ({ token, id });

/** Seconds to the verification: twice as long after each mismatch in a row, until the token changes again. */
const delayOf = ({ app }: MirrorPorts, { mark, stored }: DirtyToken): number =>
  Math.min(900, app.mirror.settleS * 2 ** (mark.forcedMs === undefined ? 0 : stored.state.misses));

function stateAfter(
  state: MirrorState,
  { mark, accounts }: DirtyToken,
  result: PushResult | undefined,
  nowMs: number,
): MirrorState {
  if (result?.kind === 'dropped') return afterDrop(state, result.reason, nowMs);
  const isNew = mark.forcedMs === undefined;
  return afterPush(state, { accounts, change: mark, nowMs, isPushed: result?.kind === 'pushed', isNew });
}

/** Attempts of a write that races with `verify`, which writes a token's state once in a settle time at most. */
const TRIES = 5;

async function write(
  { app, states }: MirrorPorts,
  { mark: { token }, stored }: DirtyToken,
  next: (state: MirrorState) => MirrorState,
): Promise<void> {
  let current: StoredState | undefined = stored;
  for (let attempt = 0; attempt < TRIES && current; attempt++) {
    if (await states.writeState(app.id, token, next(current.state), current.version)) return;
    [current] = await states.states(app.id, [token]);
  }
  throw new Unavailable('the state of a token keeps changing');
}

function noteResults(
  { note }: MirrorPorts,
  dirty: readonly DirtyToken[],
  results: ReadonlyMap<Token, PushResult>,
  nowMs: number,
): void {
  const pushed = dirty.filter(({ mark }) => results.get(mark.token)?.kind === 'pushed').map(({ mark }) => mark);
  const lagMs = Math.max(0, ...pushed.map(({ ms }) => nowMs - ms));
  if (pushed.length > 0) note({ kind: 'pushed', tokens: pushed.length, lagMs, requests: requestsOf(pushed) });
  for (const { mark } of dirty) {
    const result = results.get(mark.token);
    if (result?.kind === 'dropped') note({ kind: 'dropped', reason: result.reason, requests: mark.id });
  }
}
