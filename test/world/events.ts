import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { Account, type Platform, Token } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf, tokensOf } from '../../functions/core/bindings.ts';
import { AppId, Configuration, type Policy } from '../../functions/core/configuration.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { type EventsPorts, eventsHandler } from '../../functions/events/handler.ts';
import { webhookKey } from '../../functions/events/signature.ts';
import { reachesOf } from '../../functions/events/source.ts';
import type { HttpReply, HttpRequest } from '../../functions/lambda/request.ts';
import { type AcceptPorts, accepting } from '../../functions/operations/accept.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';

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

/** A JSON value with `undefined` where a field is left out. */
export type Json = Record<string, unknown>;

let ids = 0;

/** An event as the app's auth flow writes it, one second before now unless it says when. */
export const event = (type: string, data: Json, more: Json = {}): Json => ({
  type,
  timestamp: new Date(NOW - 1000).toISOString(),
  data,
  ...more,
});

/** The request that carries a body, signed for an attempt made now. */
export function signed(body: unknown, { source = 'auth', id = `evt_${ids++}` } = {}): HttpRequest {
  const raw = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const at = String(Math.floor(NOW / 1000));
  const digest = createHmac('sha256', webhookKey(SECRET)).update(`${id}.${at}.`).update(raw).digest('base64');
  return {
    id: `request-${ids++}`,
    method: 'POST',
    path: `/events/${source}`,
    headers: { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${digest}` },
    body: raw,
  };
}

export type World = {
  readonly handle: (request: HttpRequest) => Promise<HttpReply>;
  /** Sends one signed event, or a list of them. */
  readonly send: (body: unknown, options?: { source?: string; id?: string }) => Promise<HttpReply>;
  readonly accountsOf: (app: string, token: string) => Promise<string[]>;
  readonly tokensOf: (app: string, account: string, type?: number) => Promise<string[]>;
  /** What the queue holds. */
  readonly queued: Operation[];
};

/** The real door over the real core, with a registry in memory and a queue that only collects. */
export function world(ports: Partial<AcceptPorts & EventsPorts> = {}): World {
  const store = memoryRegistryStore();
  const queued: Operation[] = [];
  const accept = accepting({
    enqueue: async (_, operations) => void queued.push(...operations),
    apply: (operations) => applyAll({ store, now: () => NOW, pause: async () => {} }, operations),
    withinBudget: (work) => work,
    ...ports,
  });
  const keysOf = async () => [webhookKey(SECRET)];
  const handle = eventsHandler({ reaches: reachesOf(configuration), keysOf, accept, now: () => NOW, ...ports });
  return {
    handle,
    send: (body, options) => handle(signed(body, options)),
    accountsOf: async (app, token) => {
      const [accounts = []] = await accountsOf(store, [{ app: AppId.parse(app), token: Token.parse(token) }]);
      return accounts.map(({ type, id }) => `${type}#${id}`);
    },
    tokensOf: async (app, id, type = 7) => {
      const [tokens = []] = await tokensOf(store, [{ app: AppId.parse(app), account: Account.parse({ type, id }) }]);
      return tokens;
    },
    queued,
  };
}
