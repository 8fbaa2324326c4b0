import type { Account, Token } from '../core/account.ts';
import type { AppId } from '../core/configuration.ts';
import { orUnavailable, Unavailable } from '../core/outcome.ts';
import { inParallel } from '../core/parallel.ts';
import type { Delivery, MessageResult } from '../lambda/message.ts';
import { jsonIn } from '../lambda/request.ts';
import {
  type Again,
  againAfter,
  type MirrorPorts,
  requestsOf,
  type Told,
  tell,
  translated,
  wantedOf,
} from './calls.ts';
import { heldBack } from './hosted.ts';
import { type AccountMark, joined, MarksMessage, type TokenMark } from './mark.ts';
import { planCalls } from './plan.ts';
import { afterDrop, afterPush, type MirrorState, needsPush, type StoredState, seenAccounts, UNKNOWN } from './state.ts';

/** How long one batch may begin new calls (ms): the function ends well before its timeout. */
const BUDGET_MS = 15_000;

/**
 * Makes the hosted side equal for the tokens that a batch of marks names: reads what they shall hold, tells what the
 * hosted side was not told yet, and has it verified. However many marks name a token, it is one element of one call.
 */
export async function mirrorMessages(
  mirrors: ReadonlyMap<AppId, MirrorPorts>,
  deliveries: readonly Delivery[],
): Promise<MessageResult[]> {
  const read = deliveries.map((delivery) => ({ message: marksIn(delivery.body), again: delivery.receives > 1 }));
  const again = new Map<TokenMark | AccountMark, Again>();
  for (const [id, ports] of mirrors) {
    const own = read.filter(({ message }) => message?.app === id);
    const tokens = own.flatMap(({ message, again }) => (message?.tokens ?? []).map((mark) => ({ mark, again })));
    const accounts = own.flatMap(({ message }) => message?.accounts ?? []);
    for (const [mark, why] of await mirrorAccounts(ports, accounts)) again.set(mark, why);
    for (const [mark, why] of await mirrorTokens(ports, tokens)) again.set(mark, why);
  }
  return read.map(({ message }) => settledBy(message, again));
}

function settledBy(message: MarksMessage | undefined, again: ReadonlyMap<object, Again>): MessageResult {
  if (message === undefined) return { kind: 'retry', reason: 'unreadable' };
  const marks = [...message.tokens, ...message.accounts];
  const line = { app: message.app, marks: marks.length, ids: requestsOf(marks) };
  const why = marks.map((mark) => again.get(mark)).find((one) => one !== undefined);
  return why ? { ...why, ...line } : { kind: 'done', ...line };
}

function marksIn(body: string): MarksMessage | undefined {
  const message = MarksMessage.safeParse(jsonIn(body)?.value);
  return message.success ? message.data : undefined;
}

/**
 * An account that lost every token: the hosted side does the same at once, also for tokens that we do not know. Then
 * each token we know is looked at, since this call may arrive late and take a newer login along.
 */
async function mirrorAccounts(ports: MirrorPorts, marks: readonly AccountMark[]): Promise<Map<AccountMark, Again>> {
  const again = new Map<AccountMark, Again>();
  const failed = (why: Again) => new Map(marks.map((mark) => [mark, why]));
  const accounts = marks.flatMap(({ account }) => translated(ports.app)(account));
  if (ports.app.mirror.mode === 'mirror' && accounts.length > 0) {
    const answer = await ports.hosted.operate({ kind: 'unbindAccountFromAll', accounts });
    if (answer.kind === 'unavailable' || answer.kind === 'unauthorized') return failed(againAfter(answer));
    if (answer.kind === 'refused') ports.note({ kind: 'dropped', reason: answer.reason, requests: requestsOf(marks) });
  }
  for (const mark of marks) {
    const done = await orUnavailable(() => markTokensOf(ports, mark));
    if (done) again.set(mark, { kind: 'retry', reason: done.reason });
  }
  return again;
}

async function markTokensOf(ports: MirrorPorts, { account, id, ms }: AccountMark): Promise<void> {
  const { app, registry, mark, now } = ports;
  const pointers = await registry.pointers({ app: app.id, account });
  // What a token was last told says nothing any more: the call takes the account from it whenever it arrives.
  const tokens = pointers.map(({ token }) => ({ token, id, ms, removes: true, forcedMs: now() }));
  if (tokens.length > 0) await mark({ tokens, accounts: [] });
}

type Received = { readonly mark: TokenMark; readonly again: boolean };

/** A token while it is being made equal: all its marks as one, what is known of it, what it shall hold. */
type Dirty = {
  readonly mark: TokenMark;
  readonly stored: StoredState;
  readonly accounts: readonly Account[];
};

async function mirrorTokens(ports: MirrorPorts, received: readonly Received[]): Promise<Map<TokenMark, Again>> {
  const marks = new Map<Token, TokenMark>();
  // Whoever had this mark before may have told anything and ended before writing down what.
  for (const { mark, again } of received)
    marks.set(mark.token, joined(marks.get(mark.token), again ? { forcedMs: mark.ms, ...mark } : mark));
  const told = await orUnavailable(() => makeEqual(ports, [...marks.values()]));
  const result = new Map<TokenMark, Again>();
  for (const { mark } of received) {
    const own = 'kind' in told ? undefined : told.get(mark.token);
    if ('kind' in told) result.set(mark, { kind: 'retry', reason: told.reason });
    else if (own?.kind === 'retry') result.set(mark, own.why);
  }
  return result;
}

async function makeEqual(ports: MirrorPorts, marks: readonly TokenMark[]): Promise<ReadonlyMap<Token, Told>> {
  if (marks.length === 0) return new Map();
  const { mirror } = ports.app;
  if (mirror.mode === 'observe') {
    await ports.check('push', marks.map(checkOf), mirror.settleS);
    return new Map();
  }
  // What is read while no call will be made would be read for nothing, at every try of a day's outage.
  const heldMs = ports.hosted.heldMs?.() ?? 0;
  if (heldMs > 0) return new Map(marks.map(({ token }) => [token, untold(againAfter(heldBack(heldMs)))]));
  const dirty = await dirtyOf(ports, marks);
  const wanted = dirty.map(({ mark, accounts, stored }) => ({
    token: mark.token,
    accounts,
    seen: seenAccounts(stored.state),
  }));
  const end = ports.now() + BUDGET_MS;
  const told = await tell(ports.hosted, planCalls(mirror.dialect, wanted), () => ports.now() < end);
  await remember(ports, dirty, told);
  return told;
}

const untold = (why: Again): Told => ({ kind: 'retry', why, isTried: false });

/** The tokens that the hosted side has to be told about, and what. */
async function dirtyOf(ports: MirrorPorts, marks: readonly TokenMark[]): Promise<Dirty[]> {
  const tokens = marks.map(({ token }) => token);
  const stored = await ports.states.states(ports.app.id, tokens);
  const wanted = await wantedOf(ports, tokens);
  return marks
    .map((mark, i) => ({ mark, stored: stored[i] ?? { state: UNKNOWN, version: 0 }, accounts: wanted[i] ?? [] }))
    .filter(({ mark, stored, accounts }) => mark.forcedMs !== undefined || needsPush(stored.state, accounts));
}

/**
 * Has what was told, or may have been, verified, then writes it down: a crash before this leaves the mark on the queue. In the other order a
 * mark that becomes a dead letter in between, and comes back as new, would find nothing to tell and nobody to verify.
 */
async function remember(ports: MirrorPorts, dirty: readonly Dirty[], told: ReadonlyMap<Token, Told>): Promise<void> {
  const nowMs = ports.now();
  const made = dirty.filter(({ mark }) => isMade(told.get(mark.token)));
  const sent = made.filter(({ mark }) => told.get(mark.token)?.kind !== 'dropped');
  for (const [delayS, group] of Map.groupBy(sent, (one) => delayOf(ports, one)))
    await ports.check(
      'push',
      group.map(({ mark }) => ({ ...checkOf(mark), pushedMs: nowMs })),
      delayS,
    );
  await inParallel(made, AT_ONCE, async (one) => {
    await write(ports, one, (state) => stateAfter(state, one, told.get(one.mark.token), nowMs));
  });
  noteOf(ports, dirty, told, nowMs);
}

/** Whether a call was made, answered or not: without an answer nobody knows any more what the token holds. */
const isMade = (told: Told | undefined): boolean => told?.kind !== 'retry' || told.isTried;

const AT_ONCE = 16;

const checkOf = ({ token, id }: TokenMark) => ({ token, id });

/** A token that keeps being found different is looked at less and less often, until it changes again. */
const delayOf = ({ app }: MirrorPorts, { mark, stored }: Dirty): number =>
  Math.min(900, app.mirror.settleS * 2 ** (mark.forcedMs === undefined ? 0 : stored.state.misses));

function stateAfter(state: MirrorState, { mark, accounts }: Dirty, told: Told | undefined, nowMs: number): MirrorState {
  if (told?.kind === 'dropped') return afterDrop(state, told.reason, nowMs);
  const isNew = mark.forcedMs === undefined;
  return afterPush(state, { accounts, change: mark, nowMs, heard: told?.kind === 'heard', isNew });
}

/** Tries of a write that `verify` overtakes. It looks at a token once in a settle time: the second is enough. */
const TRIES = 5;

async function write(
  { app, states }: MirrorPorts,
  { mark: { token }, stored }: Dirty,
  next: (state: MirrorState) => MirrorState,
): Promise<void> {
  let current: StoredState | undefined = stored;
  for (let attempt = 0; attempt < TRIES && current; attempt++) {
    if (await states.writeState(app.id, token, next(current.state), current.version)) return;
    [current] = await states.states(app.id, [token]);
  }
  throw new Unavailable('the state of a token keeps changing');
}

function noteOf(ports: MirrorPorts, dirty: readonly Dirty[], told: ReadonlyMap<Token, Told>, nowMs: number): void {
  const heard = dirty.filter(({ mark }) => told.get(mark.token)?.kind === 'heard').map(({ mark }) => mark);
  const lagMs = Math.max(0, ...heard.map(({ ms }) => nowMs - ms));
  if (heard.length > 0) ports.note({ kind: 'pushed', tokens: heard.length, lagMs, requests: requestsOf(heard) });
  for (const { mark } of dirty) {
    const one = told.get(mark.token);
    if (one?.kind === 'dropped') ports.note({ kind: 'dropped', reason: one.reason, requests: mark.id });
  }
}
