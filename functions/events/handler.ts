import type { KeyObject } from 'node:crypto';
import type { Source, SourceId } from '../core/configuration.ts';
import { type Outcome, orUnavailable } from '../core/outcome.ts';
import { msOf } from '../core/stamp.ts';
import type { RegistryStore } from '../core/store.ts';
import type { Issue } from '../lambda/issues.ts';
import { contentOf, type HttpHandler, type HttpReply, type HttpRequest, jsonIn } from '../lambda/request.ts';
import { type Accept, answerToAll, answerToEvent, supersededRemovals } from '../operations/accept.ts';
import type { Verdict } from './signature.ts';
import type { Reach, SourceKind } from './source.ts';
import { standardWebhooks } from './sources/standard-webhooks.ts';
import { type Message, type TranslatedEvent, translate } from './translate.ts';

/** Every kind of source. `kind` in the configuration has the same names. */
const KINDS: Readonly<Record<Source['kind'], SourceKind>> = { 'standard-webhooks': standardWebhooks };

export type EventsPorts = {
  readonly reaches: ReadonlyMap<string, Reach>;
  /** Returns a source's live keys, newest first; undefined for one that cannot be used. May reject with `Unavailable`. */
  readonly keysOf: (source: SourceId) => Promise<readonly (KeyObject | undefined)[]>;
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
    const source = /^\/events\/([^/]+)$/.exec(request.path)?.[1];
    if (source === undefined) return refuse(request, 'unknown_path');
    const reach = ports.reaches.get(source);
    if (reach === undefined) return refuse(request, 'unknown_source');
    const reply = await answer(ports, request, reach);
    return { ...reply, line: { source: reach.source.id, ...reply.line } };
  };

async function answer(ports: EventsPorts, request: HttpRequest, reach: Reach): Promise<HttpReply> {
  const { accept, store, now } = ports;
  if (request.method !== 'POST') return { ...refuse(request, 'not_post'), headers: { allow: 'POST' } };
  const message = await messageIn(ports, request, reach);
  if ('status' in message) return message;
  const kind = KINDS[reach.source.kind];
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

/** Returns the message that a live key signed, or the answer to a request without one. */
async function messageIn(
  { keysOf, now }: EventsPorts,
  request: HttpRequest,
  { source }: Reach,
): Promise<Message | HttpReply> {
  const read = contentOf(request);
  if ('fault' in read) return refuse(request, read.fault);
  const body = read.content;
  const keys = await orUnavailable(() => keysOf(source.id));
  if ('kind' in keys) return retryLater(request, 'not_accepted', keys.reason);
  const usable = keys.filter((key) => key !== undefined);
  const verdict = KINDS[source.kind].verify({ ...request, body }, usable, now());
  if ('fault' in verdict) {
    // The newest key, if it cannot be used, may be the one that signed it.
    const isOurs = verdict.isWrong === true && keys[0] === undefined;
    return isOurs ? retryLater(request, 'not_accepted', 'secret_unusable') : notSigned(request, verdict);
  }
  const json = jsonIn(body);
  return json === undefined ? refuse(request, 'not_json') : { id: verdict.id, body: json.value };
}

/** Every refusal, by its code. */
export const REFUSALS = {
  unknown_path: {
    status: 404,
    message:
      'nothing has this path here: events go to /events/{source}; the Account API is below /v3/device/account/ with one slash in front, or has a URL of its own',
  },
  unknown_source: { status: 404, message: 'no source has this id' },
  not_post: { status: 405, message: 'events are sent with POST' },
  too_large: {
    status: 413,
    message: 'the body is larger than 256 KiB, or its operations are larger than 1 MiB; send fewer events',
  },
  unknown_encoding: { status: 415, message: 'content-encoding may be gzip, or left out' },
  not_signed: {
    status: 401,
    message: 'webhook-signature does not match this id, timestamp and body with this secret',
  },
  not_gzip: { status: 400, message: 'content-encoding is gzip, and the body is not' },
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
  line: { outcome: 'refused', reason: code, ...(issues && { at: placesOf(issues) }) },
});

/** The places of the first issues, for the log. A path has our names and indices, and never a key of the sender's. */
const placesOf = (issues: readonly Issue[]): string =>
  issues
    .slice(0, 5)
    .map(({ path }) => path || 'body')
    .join(' ');

/** Refuses a request and says what is wrong with its headers: none of it is secret. */
const notSigned = (request: HttpRequest, { fault, clockS }: Exclude<Verdict, { id: string }>): HttpReply => {
  const reply = refuse(request, 'not_signed');
  const body = { code: 'not_signed', message: fault, request_id: request.id };
  return { ...reply, body, line: { ...reply.line, fault, ...(clockS !== undefined && { clock_s: clockS }) } };
};

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
