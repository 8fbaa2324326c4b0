import type { KeyObject } from 'node:crypto';
import type { SourceId } from '../core/configuration.ts';
import { orUnavailable } from '../core/outcome.ts';
import { msOf } from '../core/stamp.ts';
import {
  bytesIn,
  type HttpHandler,
  type HttpReply,
  type HttpRequest,
  jsonIn,
  MAX_BODY_BYTES,
} from '../lambda/request.ts';
import type { Accept, Accepted } from '../operations/accept.ts';
import { verifiedId } from './signature.ts';
import type { Issue, Reach } from './sources/standard-webhooks.ts';
import { type TranslatedEvent, translateAppMessage } from './translate.ts';

export type EventsPorts = {
  readonly reaches: ReadonlyMap<string, Reach>;
  /** A source's live keys. May reject with `Unavailable`. */
  readonly keysOf: (source: SourceId) => Promise<readonly KeyObject[]>;
  readonly accept: Accept;
  readonly now: () => number;
};

/**
 * `POST /events/{source}`: verify, translate, accept. A request is accepted whole or changes nothing. Answers 200 in
 * effect, 202 on the queue, and the refusals below.
 */
export const eventsHandler =
  (ports: EventsPorts): HttpHandler =>
  async (request) => {
    const reach = ports.reaches.get(/^\/events\/([^/]+)$/.exec(request.path)?.[1] ?? '');
    if (reach === undefined) return refuse(request, 'unknown_source');
    const reply = await answer(ports, request, reach);
    return { ...reply, line: { source: reach.source.id, ...reply.line } };
  };

async function answer(ports: EventsPorts, request: HttpRequest, reach: Reach): Promise<HttpReply> {
  if (request.method !== 'POST') return { ...refuse(request, 'not_post'), headers: { allow: 'POST' } };
  if (bytesIn(request.body) > MAX_BODY_BYTES) return refuse(request, 'too_large');
  const keys = await orUnavailable(() => ports.keysOf(reach.source.id));
  if ('kind' in keys) return unavailable(request, keys.reason);
  const id = verifiedId(request, keys, ports.now());
  return id === undefined ? refuse(request, 'not_signed') : take(ports, request, reach, id);
}

/** Translates and dispatches what has been verified. `id` is the message's, the same for every attempt to send it. */
async function take({ accept, now }: EventsPorts, request: HttpRequest, reach: Reach, id: string): Promise<HttpReply> {
  const json = jsonIn(request.body);
  if (json === undefined) return refuse(request, 'not_json');
  const translation = translateAppMessage({ id, body: json.value }, reach, now());
  if ('refused' in translation) return refuse(request, CODES[translation.refused], translation.issues);
  const { events } = translation;
  const operations = events.flatMap((event) => event.operations);
  const accepted = await accept(request.id, operations);
  if (accepted.kind === 'unavailable') return unavailable(request, accepted.reason);
  return acceptedReply(request, events, accepted, now());
}

/** Every refusal, by its code. */
export const REFUSALS = {
  unknown_source: { status: 404, message: 'there is no such source' },
  not_post: { status: 405, message: 'events are sent by POST' },
  too_large: { status: 413, message: 'a body is at most 64 KiB' },
  not_signed: {
    status: 401,
    message:
      'webhook-id, webhook-timestamp (seconds, within 5 minutes) or webhook-signature is missing or does not match',
  },
  not_json: { status: 400, message: 'the body is not JSON in UTF-8' },
  invalid_event: { status: 400, message: 'the body is not a valid event; nothing was changed' },
  impossible_time: { status: 422, message: 'a bind cannot have happened then; nothing was changed' },
} as const;

const CODES = { 'not an event': 'invalid_event', 'impossible time': 'impossible_time' } as const;

const refuse = (request: HttpRequest, code: keyof typeof REFUSALS, issues?: readonly Issue[]): HttpReply => ({
  status: REFUSALS[code].status,
  body: { code, message: REFUSALS[code].message, ...(issues && { issues }), request_id: request.id },
  line: { outcome: 'refused', reason: code },
});

const unavailable = (request: HttpRequest, reason: string): HttpReply => ({
  status: 503,
  headers: { 'retry-after': '1' },
  body: { code: 'unavailable', message: 'nothing was accepted; send it again', request_id: request.id },
  line: { outcome: 'unavailable', reason },
});

/** The events' outcomes in the order sent. An event none of whose operations still decides anything is superseded. */
function acceptedReply(
  request: HttpRequest,
  events: readonly TranslatedEvent[],
  accepted: Exclude<Accepted, { kind: 'unavailable' }>,
  nowMs: number,
): HttpReply {
  const outcome = accepted.kind === 'applied' ? 'applied' : 'durable';
  const outcomes = accepted.kind === 'applied' ? accepted.outcomes : undefined;
  let next = 0;
  let superseded = 0;
  const results = events.map(({ id, operations }) => {
    const first = next;
    next += operations.length;
    const own = outcomes?.slice(first, next);
    if (!own?.every(({ kind }) => kind === 'superseded')) return { id, outcome };
    superseded++;
    return { id, outcome: 'superseded' };
  });
  return {
    status: accepted.kind === 'applied' ? 200 : 202,
    body: { outcome, events: results, request_id: request.id },
    line: { ...lineOf(events, nowMs), outcome, superseded },
  };
}

/** `event_age_ms`: since the oldest event happened. Never negative, though a sender's clock may be ahead of ours. */
function lineOf(events: readonly TranslatedEvent[], nowMs: number) {
  const apps = new Set<string>();
  let oldestMs = nowMs;
  for (const { operations } of events)
    for (const { app, stamp } of operations) {
      apps.add(app);
      oldestMs = Math.min(oldestMs, msOf(stamp));
    }
  return { app: [...apps].join(','), events: events.length, event_age_ms: nowMs - oldestMs };
}
