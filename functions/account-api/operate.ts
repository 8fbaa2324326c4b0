import * as z from 'zod/mini';
import { type Account, tokenOn } from '../core/account.ts';
import type { App } from '../core/configuration.ts';
import { type Operation, scopeOf } from '../core/operation.ts';
import { type Outcome, orUnavailable } from '../core/outcome.ts';
import { inParallel } from '../core/parallel.ts';
import { eventHash, type StampedKind, stampOf } from '../core/stamp.ts';
import type { RegistryStore } from '../core/store.ts';
import { AHEAD_MS, accountTime, type TokenTime, tokenTimes } from '../core/time.ts';
import type { HttpReply } from '../lambda/request.ts';
import { type Accept, supersededRemovals } from '../operations/accept.ts';
import { failed, lineOf } from './reply.ts';
import { type ElementResult, type OperateElement, OperateReplies, type OperateRequest } from './wire/operate.ts';

export type OperatePorts = {
  readonly store: RegistryStore;
  readonly accept: Accept;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
};

/** Stamps and accepts a request of `batchoperate`. `requestId`: of the HTTP request. */
export async function operate(
  { store, accept, now, sleep }: OperatePorts,
  app: App,
  request: OperateRequest,
  requestId: string,
): Promise<HttpReply> {
  const stamped = await stamp(request, { store, app, requestId, nowMs: now(), sleep });
  const accepted = await accept(
    { id: requestId, from: `account-api/${app.id}` },
    stamped.map(({ operation }) => operation),
  );
  if (accepted.kind === 'tooLarge') return failed({ app, endpoint: 'operate' }, { problem: 'tooLarge' });
  if (accepted.kind === 'unavailable')
    return failed({ app, endpoint: 'operate' }, { problem: 'unavailable' }, accepted.reason, lineOf(request));
  return acceptedReply(app, request, stamped, accepted.outcomes);
}

/**
 * A durable operation has the result `done`, because the worker will apply it, and so has a superseded one, because the
 * wire has no word for it. Clients read the body of a 200 only, so a header says more: `applied` if all is in effect.
 */
function acceptedReply(
  app: App,
  request: OperateRequest,
  stamped: readonly StampedOperation[],
  outcomes: readonly Outcome[],
): HttpReply {
  const isDurable = stamped.some(({ isTimed }, i) => !isTimed || outcomes[i]?.kind === 'unavailable');
  const superseded = outcomes.filter(({ kind }) => kind === 'superseded').length;
  const outcome = isDurable ? 'durable' : superseded > 0 ? 'superseded' : 'applied';
  const operations = stamped.map(({ operation }) => operation);
  const results = stamped.map((element, i) => resultOf(element, outcomes[i]));
  return {
    status: 200,
    headers: { 'bindery-outcome': outcome },
    body: z.encode(OperateReplies[app.dialect], { kind: 'done', results }),
    line: {
      app: app.id,
      ...lineOf(request),
      outcome,
      refused: results.filter((result) => result === 'refused').length,
      superseded,
      ...supersededRemovals(operations, outcomes),
    },
  };
}

function resultOf({ operation, isKnown }: StampedOperation, outcome: Outcome | undefined): ElementResult {
  if (outcome?.kind === 'refused') return outcome.kind;
  const isRemoval = operation.kind === 'unbind' || operation.kind === 'unbindTokenFromAll';
  return isRemoval && !isKnown ? 'unknownToken' : 'done';
}

/**
 * An element's operation. `isKnown`: the registry has seen its token before, or could not be read. `isTimed`: the times
 * could be read; otherwise the effect of a removal is not known.
 */
type StampedOperation = { readonly operation: Operation; readonly isKnown: boolean; readonly isTimed: boolean };

/** The request's app and id. The id separates operations of one millisecond. */
type Stamping = {
  readonly store: RegistryStore;
  readonly app: App;
  readonly requestId: string;
  readonly nowMs: number;
  readonly sleep: OperatePorts['sleep'];
};

/** The most accounts whose times are read at a time. */
const ACCOUNTS_AT_ONCE = 8;

/**
 * Returns a request's operations, one for each element in its order. Callers send no time: each operation gets a stamp
 * later than everything the registry knows of its token or account. If the registry cannot be read, the stamp is the time
 * of our clock, because a durable operation is better than a refused one.
 */
function stamp(request: OperateRequest, stamping: Stamping): Promise<StampedOperation[]> {
  const { kind } = request;
  if (kind === 'unbindAccountFromAll') return stampAccounts(request.accounts, stamping);
  if (kind !== 'unbindTokenFromAll') return stampTokens(kind, request.elements, stamping);
  const elements = request.tokens.map((token) => ({ token, accounts: [] }));
  return stampTokens(kind, elements, stamping);
}

async function stampTokens(
  kind: TokenKind,
  sent: readonly OperateElement[],
  stamping: Stamping,
): Promise<StampedOperation[]> {
  const { store, app, nowMs } = stamping;
  const elements = sent.map(({ token, accounts }) => ({ token: tokenOn(app.platform, token), accounts }));
  const touched = elements.map(({ token, accounts }) => ({ ref: { app: app.id, token }, accounts }));
  const times = await orUnavailable(() => tokenTimes(store, nowMs, touched));
  const unasked: TokenTime = { isKnown: true, ms: nowMs };
  return elements.map((element, index) => {
    const time = Array.isArray(times) ? times[index] : undefined;
    const { isKnown, ms } = time ?? unasked;
    return { isKnown, isTimed: time !== undefined, operation: onToken(kind, element, { ...stamping, ms, index }) };
  });
}

type TokenKind = Exclude<Operation['kind'], 'unbindAccountFromAll'>;
type Moment = Stamping & { readonly ms: number; readonly index: number };

function onToken(kind: TokenKind, { token, accounts }: OperateElement, moment: Moment): Operation {
  const { app } = moment;
  const on = { app: app.id, token };
  if (kind === 'unbindTokenFromAll') return { kind, ...on, stamp: stampAt(kind, moment) };
  const bound = { ...on, accounts: [...accounts] };
  if (kind === 'unbind' || (kind === 'bind' && app.policy === 'many'))
    return { kind, ...bound, stamp: stampAt(kind, moment) };
  const overriding = 'bindOverriding';
  return { kind: overriding, ...bound, scope: scopeOf(app), stamp: stampAt(overriding, moment) };
}

/**
 * Of an account with more tokens than are read the newest bind is not known, but no bind that was accepted by now is later
 * than `AHEAD_MS` from now. Such a request waits that long and then happens: a later stamp at once would remove logins to
 * come. The registry keeps no newest bind of an account, because each login would pay a write for it.
 */
async function stampAccounts(accounts: readonly Account[], stamping: Stamping): Promise<StampedOperation[]> {
  const { store, app, nowMs, sleep } = stamping;
  const times = await inParallel(accounts, ACCOUNTS_AT_ONCE, (account) =>
    orUnavailable(() => accountTime(store, nowMs, { app: app.id, account })),
  );
  if (times.some((time) => 'isWhole' in time && !time.isWhole)) await sleep(AHEAD_MS);
  return accounts.map((account, index) => {
    const kind = 'unbindAccountFromAll';
    const time = times[index];
    const isTimed = time !== undefined && 'ms' in time;
    const known = isTimed ? time : { ms: nowMs, isWhole: true };
    const ms = known.isWhole ? known.ms : Math.max(known.ms, nowMs + AHEAD_MS);
    const stamp = stampAt(kind, { ...stamping, ms, index });
    return { isKnown: true, isTimed, operation: { kind, app: app.id, account, stamp } };
  });
}

const stampAt = (kind: StampedKind, { ms, app, requestId, index }: Moment) =>
  stampOf(kind, ms, eventHash(app.id, requestId), index);
