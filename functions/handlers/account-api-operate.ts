import * as z from 'zod/mini';
import type { App } from '../core/configuration.ts';
import type { Dispatch, Dispatched } from '../core/dispatch.ts';
import type { Outcome } from '../core/outcome.ts';
import type { RegistryStore } from '../core/registry-store.ts';
import { readRequest } from '../wire/failure.ts';
import { type ElementResult, OperateReplies } from '../wire/operate-reply.ts';
import { OperateRequests } from '../wire/operate-request.ts';
import { failed, isOfAnotherPlatform, OTHER_PLATFORM } from './account-api-reply.ts';
import { type StampedOperation, stamp } from './account-api-stamping.ts';
import type { HttpReply } from './http.ts';

export type OperatePorts = {
  readonly store: RegistryStore;
  readonly dispatch: Dispatch;
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
  const dispatched = await ports.dispatch(
    id,
    stamped.map(({ operation }) => (request.operator ? { ...operation, operator: request.operator } : operation)),
  );
  if (dispatched.kind === 'unavailable') return failed(asked, { problem: 'unavailable' }, dispatched.reason, line);
  return done(app, line, stamped, dispatched);
}

/**
 * A durable operation counts as done: it takes its place whatever happens. Clients read a body on 200 alone, so the
 * header says which of the two it is.
 */
function done(
  app: App,
  line: Readonly<Record<string, string | number>>,
  stamped: readonly StampedOperation[],
  dispatched: Exclude<Dispatched, { kind: 'unavailable' }>,
): HttpReply {
  const outcomes = dispatched.kind === 'effective' ? dispatched.outcomes : [];
  const results = stamped.map((element, i) => resultOf(element, outcomes[i]));
  const outcome = dispatched.kind === 'effective' ? 'applied' : 'durable';
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
