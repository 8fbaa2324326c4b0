import { Buffer } from 'node:buffer';
import { createPublicKey } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import * as z from 'zod';
import { Configuration } from '../../functions/core/bindery-json.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { eventsHandler } from '../../functions/events/handler.ts';
import { openSources, type SourceKind } from '../../functions/events/source.ts';
import type { HttpReply, HttpRequest } from '../../functions/lambda/request.ts';
import { newPrivateJwk } from '../../local/identity.ts';
import type { Provider, Sender, Sent } from '../../local/providers/provider.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';

/** A request that a provider's documents show, and what it does in the apps `phone` and `tablet`. */
const Fixture = z.strictObject({
  /** The page with the payload. */
  about: z.string(),
  /** Fields of the source's entry. */
  source: z.record(z.string(), z.unknown()).default({}),
  now: z.iso.datetime(),
  /** Signed by the provider's stand-in. */
  payload: z.unknown(),
  /** Changes of the request. */
  request: z
    .strictObject({
      method: z.string(),
      query: z.string(),
      headers: z.record(z.string(), z.string()),
      body: z.string(),
    })
    .partial()
    .default({}),
  /** In each app. `at`: the time of the stamp; `session`: the provider's id of it. */
  operations: z.array(
    z.strictObject({
      kind: z.string(),
      account: z.string(),
      session: z.string().optional(),
      at: z.iso.datetime(),
    }),
  ),
  reply: z.strictObject({
    status: z.int(),
    body: z.unknown().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    isEmpty: z.boolean().optional(),
  }),
});
export type Fixture = z.infer<typeof Fixture>;

const FOLDER = new URL('../events/fixtures/', import.meta.url).pathname;

/** The fixtures of a kind, by name. */
export const fixturesOf = (kind: string): [name: string, Fixture][] =>
  globSync(`${kind}/*.json`, { cwd: FOLDER })
    .sort()
    .map((file) => [file, Fixture.parse(JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8')))]);

/** 44 letters and digits, as generated for a source: a provider's secret may be any text, and this one suits all. */
export const SECRET = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr';
export const OTHER_SECRET = SECRET.toLowerCase();

const { d, ...publicJwk } = newPrivateJwk();
const PRIVATE = { ...publicJwk, d };

/** The public key as texts, each of which an attacker may take for a shared secret (RFC 8725 §2.1). */
const PUBLIC_KEY_TEXTS = [
  createPublicKey({ key: publicJwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
  JSON.stringify(publicJwk),
].map((text) => Buffer.from(text));

export type ProviderWorld = {
  /** Sends a payload. `more`: another sender, or what the request has instead. */
  readonly send: (payload: unknown, more?: { sender?: Partial<Sender>; request?: Partial<Sent> }) => Promise<HttpReply>;
  readonly queued: Operation[];
};

/** The real handler in front of a queue that only collects. `options` of the fixture come before those of the stand-in. */
export function providerWorld(
  kind: SourceKind,
  provider: Provider,
  { source = {}, now }: Partial<Fixture>,
): ProviderWorld {
  const nowMs = now === undefined ? Date.now() : Date.parse(now);
  const app = (id: string) => ({ id, dialect: 'tpns', policy: 'many', platform: 'android' });
  const options = { ...provider.options?.(publicJwk), ...Object(source['options']) };
  const entry = { id: 'idp', kind: 'idp', apps: ['phone', 'tablet'], ...source, options };
  const configuration = Configuration.parse({ apps: [app('phone'), app('tablet')], sources: [entry] });
  const queued: Operation[] = [];
  const fetch = () => Promise.reject(new Error('no keys are fetched here'));
  const handle = eventsHandler({
    sources: openSources(configuration, () => kind, { fetch, now: () => nowMs }),
    keysOf: async () => (kind.keyOf ? [kind.keyOf(SECRET)] : []),
    accept: async (_, operations) => {
      queued.push(...operations);
      return { kind: 'accepted', outcomes: operations.map(() => ({ kind: 'applied' })) };
    },
    store: memoryRegistryStore(),
    now: () => nowMs,
  });
  const send: ProviderWorld['send'] = async (payload, { sender, request } = {}) => {
    const own = { secret: SECRET, privateJwk: PRIVATE, id: 'msg_1', now: new Date(nowMs) };
    const sent = { ...(await provider.request(payload, { ...own, ...sender })), ...request };
    const headers = Object.fromEntries(
      Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const { method = 'POST', query = '', body } = sent;
    const asked: HttpRequest = { id: 'request', method, query, path: '/events/idp', headers, body };
    return handle(asked);
  };
  return { send, queued };
}

/** JWTs with these claims that no published key signed: without a signature, and with that of a secret or another key. */
export async function forgeries(claims: JWTPayload): Promise<string[]> {
  const { privateKey } = await generateKeyPair('ES256');
  const signed = (alg: string, key: Parameters<SignJWT['sign']>[0], kid: string) =>
    new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(key);
  return [
    new UnsecuredJWT(claims).encode(),
    ...(await Promise.all(PUBLIC_KEY_TEXTS.map((key) => signed('HS256', key, 'local')))),
    await signed('ES256', privateKey, 'local'),
    await signed('ES256', privateKey, 'other'),
  ];
}
