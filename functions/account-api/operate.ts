import * as z from 'zod/mini';
import type { Account } from '../core/account.ts';
import type { App } from '../core/configuration.ts';
import { type Operation, scopeOf } from '../core/operation.ts';
import { type Outcome, orUnavailable } from '../core/outcome.ts';
import { inParallel } from '../core/parallel.ts';
import { eventHash, type StampedKind, stampOf } from '../core/stamp.ts';
import type { RegistryStore } from '../core/store.ts';
import { accountTime, type TokenTime, tokenTimes } from '../core/time.ts';
import type { HttpReply } from '../lambda/request.ts';
import type { Accept, Accepted } from '../operations/accept.ts';
import { failed, isOfAnotherPlatform, OTHER_PLATFORM } from './reply.ts';
import {
  type ElementResult,
  type OperateElement,
  OperateReplies,
  type OperateRequest,
  OperateRequests,
} from './wire/operate.ts';
import { readRequest } from './wire/statuses.ts';

export type OperatePorts = {
  readonly store: RegistryStore;
  readonly accept: Accept;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Reads, stamps and dispatches a request of `batchoperate`. Refused as a whole it changes nothing. */
export async function operate(
  ports: OperatePorts,
  app: App,
  { id, json }: { id: string; json: unknown },
): Promise<HttpReply> {
  const asked = { app, endpoint: 'operate' } as const;
  const read = readRequest(OperateRequests[app.dialect], json);
  if ('problem' in read) return failed(asked, read);
  const { request } = read;
  if (isOfAnotherPlatform(app, request)) return failed(asked, OTHER_PLATFORM);
  const stamped = await stamp(request, { store: ports.store, app, requestId: id, nowMs: ports.now() });
  const line = {
    operation: request.kind,
    elements: stamped.length,
    ...(request.operator?.type && { operator: request.operator.type }),
  };
  const accepted = await ports.accept(
    id,
    stamped.map(({ operation }) => (request.operator ? { ...operation, operator: request.operator } : operation)),
  );
  if (accepted.kind === 'unavailable') return failed(asked, { problem: 'unavailable' }, accepted.reason, line);
  return done(app, line, stamped, accepted);
}

/**
 * A durable operation counts as done: it takes its place whatever happens. Clients read a body on 200 alone, so the
 * header says which of the two it is.
 */
function done(
  app: App,
  line: Readonly<Record<string, string | number>>,
  stamped: readonly StampedOperation[],
  accepted: Exclude<Accepted, { kind: 'unavailable' }>,
): HttpReply {
  const outcomes = accepted.kind === 'applied' ? accepted.outcomes : [];
  const results = stamped.map((element, i) => resultOf(element, outcomes[i]));
  const outcome = accepted.kind === 'applied' ? 'applied' : 'durable';
  return {
    status: 200,
    headers: { 'bindery-outcome': outcome },
    body: z.encode(OperateReplies[app.dialect], { kind: 'done', results }),
    line: {
      app: app.id,
      ...line,
      outcome,
      refused: results.filter((result) => result === 'refused' || result === 'unavailable').length,
      superseded: outcomes.filter(({ kind }) => kind === 'superseded').length,
    },
  };
}

function resultOf({ operation, isKnown }: StampedOperation, outcome: Outcome | undefined): ElementResult {
  if (outcome?.kind === 'refused' || outcome?.kind === 'unavailable') return outcome.kind;
  const isRemoval = operation.kind === 'unbind' || operation.kind === 'unbindTokenFromAll';
  return isRemoval && !isKnown ? 'unknownToken' : 'done';
}

/** An element's operation, and whether the registry had ever seen its token; where it can't be asked, it is taken to have. */
type StampedOperation = { readonly operation: Operation; readonly isKnown: boolean };

/** Whose request, and the request's own id: it tells operations of one millisecond apart. */
type Stamping = {
  readonly store: RegistryStore;
  readonly app: App;
  readonly requestId: string;
  readonly nowMs: number;
};

/** Accounts whose times are asked at once. */
const AT_ONCE = 8;

/**
 * The operations a request comes to, one for each element in its order. Callers send no time: each is stamped later
 * than all that is known of what it touches. While the store can't say, our clock alone has to do: an operation that
 * waits in the queue is worth more than one that is turned away.
 */
function stamp(request: OperateRequest, stamping: Stamping): Promise<StampedOperation[]> {
  switch (request.kind) {
    case 'unbindAccountFromAll':
      return stampAccounts(request.accounts, stamping);
    case 'unbindTokenFromAll':
      return stampTokens(
        request.kind,
        request.tokens.map((token) => ({ token, accounts: [] })),
        stamping,
      );
    default:
      return stampTokens(request.kind, request.elements, stamping);
  }
}

async function stampTokens(
  kind: TokenKind,
  elements: readonly OperateElement[],
  stamping: Stamping,
): Promise<StampedOperation[]> {
  const { store, app, nowMs } = stamping;
  const touched = elements.map(({ token, accounts }) => ({ ref: { app: app.id, token }, accounts }));
  const times = await orUnavailable(() => tokenTimes(store, nowMs, touched));
  const unasked: TokenTime = { isKnown: true, ms: nowMs };
  return elements.map((element, index) => {
    const { isKnown, ms } = (Array.isArray(times) ? times[index] : undefined) ?? unasked;
    return { isKnown, operation: onToken(kind, element, { ...stamping, ms, index }) };
  });
}

type TokenKind = Exclude<Operation['kind'], 'unbindAccountFromAll'>;
type Moment = Stamping & { readonly ms: number; readonly index: number };

function onToken(kind: TokenKind, { token, accounts }: OperateElement, moment: Moment): Operation {
  const { app } = moment;
  const on = { app: app.id, token };
  switch (kind) {
    case 'unbindTokenFromAll':
      return { kind, ...on, stamp: stampAt(kind, moment) };
    case 'unbind':
      return { kind, ...on, accounts: [...accounts], stamp: stampAt(kind, moment) };
    default:
      if (kind === 'bind' && app.policy === 'many')
        return { kind, ...on, accounts: [...accounts], stamp: stampAt(kind, moment) };
      return {
        kind: 'bindOverriding',
        ...on,
        accounts: [...accounts],
        scope: scopeOf(app),
        stamp: stampAt('bindOverriding', moment),
      };
  }
}

async function stampAccounts(accounts: readonly Account[], stamping: Stamping): Promise<StampedOperation[]> {
  const { store, app, nowMs } = stamping;
  const stamped = new Map<number, StampedOperation>();
  await inParallel([...accounts.entries()], AT_ONCE, async ([index, account]) => {
    const kind = 'unbindAccountFromAll';
    const time = await orUnavailable(() => accountTime(store, nowMs, { app: app.id, account }));
    const ms = typeof time === 'number' ? time : nowMs;
    stamped.set(index, {
      isKnown: true,
      operation: { kind, app: app.id, account, stamp: stampAt(kind, { ...stamping, ms, index }) },
    });
  });
  return [...accounts.keys()].flatMap((index) => stamped.get(index) ?? []);
}

const stampAt = (kind: StampedKind, { ms, app, requestId, index }: Moment) =>
  stampOf(kind, ms, eventHash(app.id, requestId), index);
