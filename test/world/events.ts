import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { Account, type Platform, Token } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { accountsOf, tokensOf } from '../../functions/core/bindings.ts';
import { AppId, type Policy } from '../../functions/core/configuration.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { type EventsPorts, eventsHandler } from '../../functions/events/handler.ts';
import { webhookKey } from '../../functions/events/signature.ts';
import { openSources } from '../../functions/events/source.ts';
import { kind } from '../../functions/events/sources/standard-webhooks.ts';
import type { HttpReply, HttpRequest } from '../../functions/lambda/request.ts';
import { type AcceptPorts, accepting } from '../../functions/operations/accept.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import { signedHeaders } from './signer.ts';

export const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const app = (id: string, policy: Policy, platform: Platform) => ({ id, dialect: 'tpns', policy, platform });

const configuration = Configuration.parse({
  apps: [app('phone', 'many', 'android'), app('tablet', 'one-per-type', 'ios'), app('other', 'many', 'android')],
  sources: [
    { id: 'auth', kind: 'standard-webhooks', apps: ['phone', 'tablet'], accountType: 7 },
    { id: 'single', kind: 'standard-webhooks', apps: ['phone'] },
  ],
});

/** A JSON object; a field that is `undefined` is left out. */
export type Json = Record<string, unknown>;

let ids = 0;

/** An event as the app's auth flow sends it. Default time: one second before NOW. */
export const event = (type: string, data: Json, more: Json = {}): Json => ({ type, ...at(-1000), data, ...more });

/** A login on token t1 of the app "phone". */
export const login = (data: Json, more?: Json): Json =>
  event('user.login', { app: 'phone', token: 't1', ...data }, more);

/** A logout on the same token. */
export const logout = (data: Json = {}, more?: Json): Json =>
  event('user.logout', { app: 'phone', token: 't1', ...data }, more);

/** The time of an event, relative to NOW (ms). */
export const at = (ms: number) => ({ timestamp: new Date(NOW + ms).toISOString() });

/** The request that carries a body, signed at NOW. */
export function signed(body: unknown, { source = 'auth', id = `evt_${ids++}` } = {}): HttpRequest {
  const raw = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const headers = signedHeaders(SECRET, { id, body: raw, ms: NOW });
  return { id: `request-${ids++}`, method: 'POST', path: `/events/${source}`, headers, body: raw };
}

/** A running door, local or deployed, and the source that sends to it. */
type EventsDoor = {
  readonly url: string;
  readonly source: { readonly id: string; readonly secret: string } | undefined;
};

/** Posts one signed event, or a list of them, to a running door. Returns the status. `ms`: the time of the events. */
export async function postEvents(
  { url, source }: EventsDoor,
  events: readonly (readonly [type: string, data: object])[],
  ms = Date.now(),
): Promise<number> {
  if (source === undefined) throw new Error('bug: there is no source');
  const id = randomUUID();
  const timestamp = new Date(ms).toISOString();
  const list = events.map(([type, data], i) => ({ type, timestamp, id: `${id}-${i}`, data }));
  const body = JSON.stringify(list.length === 1 ? list[0] : list);
  const headers = { 'content-type': 'application/json', ...signedHeaders(source.secret, { id, body, ms: Date.now() }) };
  const response = await fetch(`${url}/events/${source.id}`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response.status;
}

export type World = {
  readonly handle: (request: HttpRequest) => Promise<HttpReply>;
  /** Sends one signed event, or a list of them. */
  readonly send: (body: unknown, options?: { source?: string; id?: string }) => Promise<HttpReply>;
  readonly accountsOf: (app: string, token: string) => Promise<string[]>;
  readonly tokensOf: (app: string, account: string, type?: number) => Promise<readonly string[]>;
  /** The operations on the queue. */
  readonly queued: Operation[];
};

/** The real handler over the real core, a registry in memory and a queue that only collects. */
export function world(ports: Partial<AcceptPorts & EventsPorts> = {}): World {
  const store = memoryRegistryStore();
  const queued: Operation[] = [];
  const accept = accepting({
    enqueue: async (_, operations) => void queued.push(...operations),
    apply: (operations, _, durable) =>
      applyAll({ store, now: () => NOW, pause: async () => {} }, operations, { answers: true, durable }),
    withinBudget: (work) => work,
    ...ports,
  });
  const keysOf = async () => [webhookKey(SECRET)];
  const sources = openSources(configuration, () => kind, { fetch, now: () => NOW });
  const handle = eventsHandler({ sources, keysOf, accept, store, now: () => NOW, ...ports });
  return {
    handle,
    send: (body, options) => handle(signed(body, options)),
    accountsOf: async (app, token) => {
      const [accounts = []] = await accountsOf(store, [{ app: AppId.parse(app), token: Token.parse(token) }], NOW);
      return accounts.map(({ type, id }) => `${type}#${id}`);
    },
    tokensOf: async (app, id, type = 7) => {
      const ref = { app: AppId.parse(app), account: Account.parse({ type, id }) };
      const [shown] = await tokensOf(store, [ref], NOW);
      return shown?.tokens ?? [];
    },
    queued,
  };
}
