import type { KeyObject } from 'node:crypto';
import type { SourceId } from '../core/configuration.ts';
import { type Outcome, orUnavailable } from '../core/outcome.ts';
import { msOf } from '../core/stamp.ts';
import type { RegistryStore } from '../core/store.ts';
import { type Issue, placesOf } from '../lambda/issues.ts';
import { contentOf, type HttpHandler, type HttpReply, type HttpRequest } from '../lambda/request.ts';
import { type Accept, answerToAll, answerToEvent, supersededRemovals } from '../operations/accept.ts';
import type { Fact, Nothing, OpenSource, Refused } from './source.ts';
import { type TranslatedEvent, translate } from './translate.ts';

export type EventsPorts = {
  readonly sources: ReadonlyMap<string, OpenSource | Promise<OpenSource>>;
  /** Returns a source's live keys, newest first; undefined for one that cannot be used. May reject with `Unavailable`. */
  readonly keysOf: (source: SourceId) => Promise<readonly (KeyObject | undefined)[]>;
  readonly accept: Accept;
  /** The door in the name of the sender. Default: events. */
  readonly door?: 'events' | 'intake';
  /** The registry, whose reads are strongly consistent here. */
  readonly store: RegistryStore;
  readonly now: () => number;
};

/**
 * `/events/{source}`: receive, translate, accept. Answers 200 with the outcomes of the events, 202 if one is not yet in
 * effect, and the refusals below, or what the source's kind makes of these answers.
 */
export const eventsHandler =
  (ports: EventsPorts): HttpHandler =>
  async (request) => {
    const id = /^\/events\/([^/]+)$/.exec(request.path)?.[1];
    if (id === undefined) return refuse(request, 'unknown_path');
    const open = await ports.sources.get(id);
    if (open === undefined || open.kind.credential === 'iam') return refuse(request, 'unknown_source');
    const ours = await answer(ports, request, open);
    const reply = open.kind.reply?.(ours, request) ?? ours;
    return { ...reply, line: { source: open.source.id, ...reply.line } };
  };

/** The answer to a request of a source, in our own form. */
export async function answer(ports: EventsPorts, request: HttpRequest, open: OpenSource): Promise<HttpReply> {
  const { methods, maxBytes } = open.kind;
  if (!methods.includes(request.method))
    return { ...refuse(request, 'not_post'), headers: { allow: methods.join(', ') } };
  const read = contentOf(request, maxBytes);
  if ('fault' in read) return refuse(request, read.fault);
  const received = await receivedFrom(ports, { ...request, body: read.content }, open);
  if ('facts' in received) return acceptFacts(ports, request, open, received.facts);
  return 'refused' in received ? refuseAs(request, received) : received.reply;
}

/** Returns what the request says, or the answer to one that cannot be judged now. */
async function receivedFrom({ keysOf, now }: EventsPorts, request: HttpRequest, open: OpenSource) {
  const { source, apps, receive } = open;
  const keys = await orUnavailable(() => keysOf(source.id));
  if ('kind' in keys) return { reply: retryLater(request, 'not_accepted', keys.reason) };
  const usable = keys.filter((key) => key !== undefined);
  const to = { source, apps, keys: usable, nowMs: now() };
  const received = await orUnavailable(async () => receive(request, to));
  if ('kind' in received) return { reply: retryLater(request, 'not_accepted', received.reason) };
  // The newest key, if it cannot be used, may be the one that signed it.
  const isOurs = 'isWrong' in received && received.isWrong === true && keys[0] === undefined;
  return isOurs && open.kind.keyOf ? { reply: retryLater(request, 'not_accepted', 'secret_unusable') } : received;
}

async function acceptFacts(
  { accept, door = 'events', store, now }: EventsPorts,
  request: HttpRequest,
  reach: OpenSource,
  facts: readonly Fact[],
): Promise<HttpReply> {
  const translation = await orUnavailable(() => translate(facts, { reach, store, nowMs: now() }));
  if ('kind' in translation) return retryLater(request, 'not_accepted', translation.reason);
  if ('refused' in translation) {
    const { refused, issues, aheadMs } = translation;
    return refused === 'not yet' ? notYet(request, aheadMs, issues) : refuse(request, CODES[refused], issues);
  }
  const { events, nothings } = translation;
  const operations = events.flatMap((event) => event.operations);
  if (operations.length === 0) return ignoredReply(request, nothings);
  const accepted = await accept({ id: request.id, from: `${door}/${reach.source.id}` }, operations);
  if (accepted.kind === 'unavailable') return retryLater(request, 'unknown', accepted.reason);
  if (accepted.kind === 'tooLarge') return refuse(request, 'too_large');
  return acceptedReply(request, translation, accepted.outcomes, now());
}

/** Every refusal, by its code. */
export const REFUSALS = {
  unknown_path: {
    status: 404,
    message:
      'nothing has this path here: events go to /events/{source}; the Account API is below /v3/device/account/, phones call /devices/{app}/sign-in and sign-out, and senders of messages /v1/resolve and /v1/devices, each with one slash in front; what is deployed may have a URL of its own',
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

/** Refuses a request. If it is not signed, says what is wrong with its headers: none of it is secret. */
const refuseAs = (request: HttpRequest, refusal: Refused): HttpReply => {
  const reply = refuse(request, refusal.refused, 'issues' in refusal ? refusal.issues : undefined);
  if (refusal.refused !== 'not_signed') return reply;
  const { fault, clockS } = refusal;
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

/** Counts events without an effect by their reason. */
const countOf = (nothings: readonly Nothing[]): Partial<Record<Nothing, number>> =>
  Object.fromEntries(
    Map.groupBy(nothings, (one) => one)
      .entries()
      .map(([reason, all]) => [reason, all.length]),
  );

/** The fields of the log line for them. */
const ignoredIn = (nothings: readonly Nothing[]): Record<string, number> =>
  Object.fromEntries(Object.entries(countOf(nothings)).map(([reason, count]) => [`ignored_${reason}`, count]));

/** The answer to events none of which has an effect: a refusal would make a provider switch the endpoint off. */
const ignoredReply = (request: HttpRequest, nothings: readonly Nothing[]): HttpReply => ({
  status: 200,
  body: { outcome: 'ignored', events: [], ignored: countOf(nothings), request_id: request.id },
  line: { outcome: 'ignored', events: 0, ...ignoredIn(nothings) },
});

/** Returns the events' outcomes in the order sent. */
function acceptedReply(
  request: HttpRequest,
  { events, nothings }: { readonly events: readonly TranslatedEvent[]; readonly nothings: readonly Nothing[] },
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
    body: {
      outcome,
      events: results,
      ...(nothings.length > 0 && { ignored: countOf(nothings) }),
      request_id: request.id,
    },
    line: {
      ...lineOf(events, nowMs),
      outcome,
      superseded,
      ...ignoredIn(nothings),
      ...supersededRemovals(operations, outcomes),
    },
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
