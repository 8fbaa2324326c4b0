import type { KeyObject } from 'node:crypto';
import type { Source, SourceId } from '../core/configuration.ts';
import { type Outcome, orUnavailable } from '../core/outcome.ts';
import { msOf } from '../core/stamp.ts';
import type { RegistryStore } from '../core/store.ts';
import {
  bytesIn,
  type HttpHandler,
  type HttpReply,
  type HttpRequest,
  jsonIn,
  MAX_BODY_BYTES,
} from '../lambda/request.ts';
import { type Accept, answerToAll, answerToEvent, supersededRemovals } from '../operations/accept.ts';
import type { Issue, Reach, SourceKind } from './source.ts';
import { standardWebhooks } from './sources/standard-webhooks.ts';
import { type TranslatedEvent, translate } from './translate.ts';

/** Every kind of source. `kind` in the configuration has the same names. */
const KINDS: Readonly<Record<Source['kind'], SourceKind>> = { 'standard-webhooks': standardWebhooks };

export type EventsPorts = {
  readonly reaches: ReadonlyMap<string, Reach>;
  /** Returns a source's live keys. May reject with `Unavailable`. */
  readonly keysOf: (source: SourceId) => Promise<readonly KeyObject[]>;
  readonly accept: Accept;
  /** The registry, whose reads are strongly consistent here. */
  readonly store: RegistryStore;
  readonly now: () => number;
};

/**
 * `POST /events/{source}`: verify, translate, accept. A request is accepted whole or changes nothing. Answers 200 with the
 * outcomes of the events, 202 if one is not yet in effect, and the refusals below.
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
  const { keysOf, accept, store, now } = ports;
  if (request.method !== 'POST') return { ...refuse(request, 'not_post'), headers: { allow: 'POST' } };
  if (bytesIn(request.body) > MAX_BODY_BYTES) return refuse(request, 'too_large');
  const keys = await orUnavailable(() => keysOf(reach.source.id));
  if ('kind' in keys) return retryLater(request, 'not_accepted', keys.reason);
  const kind = KINDS[reach.source.kind];
  const id = kind.verify(request, keys, now());
  if (id === undefined) return refuse(request, 'not_signed');
  const json = jsonIn(request.body);
  if (json === undefined) return refuse(request, 'not_json');
  const message = { id, body: json.value };
  const translation = await orUnavailable(() => translate(message, kind, { reach, store, nowMs: now() }));
  if ('kind' in translation) return retryLater(request, 'not_accepted', translation.reason);
  if ('refused' in translation) {
    const { refused, issues, aheadMs } = translation;
    return refused === 'not yet' ? notYet(request, aheadMs, issues) : refuse(request, CODES[refused], issues);
  }
  const { events } = translation;
  const operations = events.flatMap((event) => event.operations);
  const accepted = await accept(request.id, operations);
  if (accepted.kind === 'unavailable') return retryLater(request, 'unknown', accepted.reason);
  if (accepted.kind === 'tooLarge') return refuse(request, 'too_large');
  return acceptedReply(request, events, accepted.outcomes, now());
}

/** Every refusal, by its code. */
export const REFUSALS = {
  unknown_source: { status: 404, message: 'no source has this id' },
  not_post: { status: 405, message: 'events are sent with POST' },
  too_large: {
    status: 413,
    message: 'the body is larger than 256 KiB, or its operations are larger than 1 MiB; send fewer events',
  },
  not_signed: {
    status: 401,
    message:
      'webhook-id, webhook-timestamp (seconds, within 5 minutes) or webhook-signature is missing or does not match',
  },
  not_json: { status: 400, message: 'the body is not JSON in UTF-8' },
  invalid_event: { status: 400, message: 'the body is not a valid event; nothing was changed' },
  impossible_time: {
    status: 422,
    message: 'timestamp is more than 5 minutes in the future or more than 35 days old; nothing was changed',
  },
} as const;

const CODES = { 'not an event': 'invalid_event', 'impossible time': 'impossible_time' } as const;

const refuse = (request: HttpRequest, code: keyof typeof REFUSALS, issues?: readonly Issue[]): HttpReply => ({
  status: REFUSALS[code].status,
  body: { code, message: REFUSALS[code].message, ...(issues && { issues }), request_id: request.id },
  line: { outcome: 'refused', reason: code },
});

/** The texts of `unavailable`. `unknown`: the queue did not answer, and may have the request. */
export const UNAVAILABLE = {
  not_accepted: 'nothing was accepted; send it again with the same id',
  unknown: 'it may or may not have been accepted; send it again with the same id',
} as const;

const retryLater = (request: HttpRequest, why: keyof typeof UNAVAILABLE, reason: string): HttpReply => ({
  status: 503,
  headers: { 'retry-after': '1' },
  body: { code: 'unavailable', message: UNAVAILABLE[why], request_id: request.id },
  line: { outcome: 'unavailable', reason },
});

/** A login that waiting makes possible. The copy that is sent again has the same time, and by then it is not ahead. */
function notYet(request: HttpRequest, aheadMs: number, issues: readonly Issue[]): HttpReply {
  const ahead_s = Math.ceil(aheadMs / 1000);
  return {
    status: 503,
    headers: { 'retry-after': `${ahead_s}` },
    body: { code: 'not_yet', message: notYetText(ahead_s), issues, request_id: request.id },
    line: { outcome: 'unavailable', reason: 'not_yet', ahead_s },
  };
}

/** The text of `not_yet`. */
export const notYetText = (aheadS: number): string =>
  `timestamp is ${aheadS} seconds ahead of our clock; nothing was accepted; send it again when they are over`;

/** Returns the events' outcomes in the order sent. */
function acceptedReply(
  request: HttpRequest,
  events: readonly TranslatedEvent[],
  outcomes: readonly Outcome[],
  nowMs: number,
): HttpReply {
  const rest = outcomes.values();
  const results = events.map(({ id, operations }) => {
    const own = rest.take(operations.length).toArray();
    const reason = own.find((one) => one.kind === 'refused')?.reason;
    return { id, outcome: answerToEvent(operations, own), ...(reason !== undefined && { reason }) };
  });
  const outcome = answerToAll(results.map((one) => one.outcome));
  const superseded = results.filter((one) => one.outcome === 'superseded').length;
  const operations = events.flatMap((event) => event.operations);
  return {
    status: outcome === 'durable' ? 202 : 200,
    body: { outcome, events: results, request_id: request.id },
    line: { ...lineOf(events, nowMs), outcome, superseded, ...supersededRemovals(operations, outcomes) },
  };
}

/** `event_age_ms`: age of the oldest event. Never negative, though a sender's clock may be ahead of ours. */
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
