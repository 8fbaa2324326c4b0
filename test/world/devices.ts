import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { Account, Token } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { accountsOf } from '../../functions/core/bindings.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { deviceKey } from '../../functions/core/fence.ts';
import { type Operation, sessionOf } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { type DevicesPorts, devicesHandler } from '../../functions/devices/handler.ts';
import { webhookKey } from '../../functions/events/signature.ts';
import type { HttpReply, HttpRequest } from '../../functions/lambda/request.ts';
import { type AcceptPorts, accepting } from '../../functions/operations/accept.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import type { Json } from './events.ts';
import { type Issuer, issuerOf } from './issuer.ts';

export const NOW = Date.parse('2026-11-22T12:00:00.000Z');
export const NOW_S = NOW / 1000;

/** The live webhook secrets of the sources, newest first. */
export const SECRETS = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] as const;

const app = (id: string, policy: string, platform = 'android') => ({ id, dialect: 'tpns', policy, platform });

/** Two apps of one provider, one whose accounts have types, and one without a provider. */
const APPS = [app('phone', 'many'), app('tablet', 'many', 'ios'), app('typed', 'one-per-type'), app('mute', 'many')];
const SIGNING = ['phone', 'tablet', 'typed'];

const SOURCES = [
  { id: 'auth', kind: 'standard-webhooks', apps: SIGNING, accountType: 7, tickets: true },
  { id: 'plain', kind: 'standard-webhooks', apps: ['phone'] },
];

export const AUDIENCE = 'the-app';

type Other = Partial<Omit<DevicesPorts, 'identities'> & AcceptPorts> & {
  /** Fields of the identity `main`. */
  readonly identity?: Json;
  /** Identities beside it. */
  readonly identities?: readonly Json[];
};

/** The real handler over the real core, a registry in memory, a queue that only collects, and a provider of keys. */
export async function world({ identity, identities = [], ...other }: Other = {}) {
  const issuer = await issuerOf('https://id.example');
  const main = { id: 'main', apps: SIGNING, issuer: issuer.issuer, audience: [AUDIENCE], jwks: issuer.jwks };
  const configuration = Configuration.parse({
    apps: APPS,
    sources: SOURCES,
    identities: [{ ...main, ...identity }, ...identities],
  });
  const state = { ms: NOW };
  const now = () => state.ms;
  const store = other.store ?? memoryRegistryStore();
  const queued: Operation[] = [];
  const apply = (operations: readonly Operation[]) =>
    applyAll({ store, now, pause: async () => {} }, operations, { answers: true });
  const accept = accepting({
    enqueue: async (_, operations) => void queued.push(...operations),
    apply: (operations) => apply(operations),
    withinBudget: (work) => work,
    ...other,
  });
  const ports: DevicesPorts = {
    ...configuration,
    keysOf: async () => SECRETS.map(webhookKey),
    ownKeys: async () => [deviceKey('new'), deviceKey('old')],
    accept,
    store,
    fetch: () => Promise.reject(new Error('bug: no key is inline')),
    now,
    ...other,
  };
  const handle = devicesHandler(ports);
  let requests = 0;
  const post = (path: string, body: unknown, headers: HttpRequest['headers'] = {}): Promise<HttpReply> => {
    requests += 1;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return handle({ id: `request-${requests}`, method: 'POST', path, headers, body: text });
  };
  /** A bearer of the provider. Default: of Alice, issued now for an hour. */
  const bearerOf = (claims: Json = {}, header: Json = {}, signer: Issuer = issuer) => {
    const iat = state.ms / 1000;
    const usual = { iss: signer.issuer, aud: AUDIENCE, sub: 'alice', sid: 'session-a', iat, exp: iat + 3600 };
    return signer.sign({ ...usual, ...claims }, header);
  };
  const signIn = (bearer: string, body: unknown = {}, { app = 'phone' } = {}) =>
    post(
      `/devices/${app}/sign-in`,
      typeof body === 'object' && body !== null ? { token: 't1', ...body } : body,
      bearer === '' ? {} : { authorization: `Bearer ${bearer}` },
    );
  return {
    state,
    store,
    queued,
    ports,
    issuer,
    handle,
    post,
    bearerOf,
    apply,
    signIn,
    signOut: (receipt: unknown, { app = 'phone' } = {}) => post(`/devices/${app}/sign-out`, { receipt }),
    /** The accounts on a token, each as `type#id`. */
    held: async (token = 't1', id = 'phone') => {
      const [accounts = []] = await accountsOf(store, [{ app: AppId.parse(id), token: Token.parse(token) }], state.ms);
      return accounts.map(({ type, id }) => `${type}#${id}`);
    },
    /** Signs an account out everywhere, or ends one of its sessions, at a time relative to NOW (ms). */
    removal: async (id: string, ms: number, session?: string, type = 0) => {
      const kind = session === undefined ? 'unbindAccountFromAll' : 'endAccountSession';
      const stamp = stampOf(kind, NOW + ms, eventHash('removal', id, ms, session));
      const on = { app: AppId.parse('phone'), account: Account.parse({ type, id }), stamp };
      await apply([
        session === undefined
          ? { kind: 'unbindAccountFromAll', ...on }
          : { kind: 'endAccountSession', ...on, session: sessionOf(session) },
      ]);
    },
  };
}

/** The answer to a sign-in that was applied. */
export const Answer = z.strictObject({
  receipt: z.string(),
  fence: z.string().regex(/^[\w-]{12}$/),
  expires_at: z.string().optional(),
});

const Problem = z.object({ code: z.string(), detail: z.string() });

/** The receipt in an answer. */
export const receiptIn = ({ body }: HttpReply): string => Answer.parse(body).receipt;

/** The status of a problem and its code, such as `401 stale_token`; the status alone of other answers. */
export const codeOf = ({ status, body }: HttpReply): string => {
  const code = Problem.safeParse(body).data?.code;
  return code === undefined ? `${status}` : `${status} ${code}`;
};

/** The detail of a problem. */
export const detailOf = ({ body }: HttpReply): string => Problem.parse(body).detail;

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT with HS256 by hand, so that its header and its key may be anything. */
export function ticketOf(claims: Json, secret: string | Buffer = SECRETS[0], header: Json = {}): string {
  const key = typeof secret === 'string' ? webhookKey(secret).export() : secret;
  const usual = { sub: 'alice', sid: 'session-a', iat: NOW_S, exp: NOW_S + 60 };
  const text = `${base64url({ alg: 'HS256', typ: 'JWT', ...header })}.${base64url({ ...usual, ...claims })}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}
