import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import * as z from 'zod';

const Payload = z.looseObject({
  aps: z.strictObject({
    alert: z.strictObject({ title: z.string(), body: z.string() }),
    'mutable-content': z.literal(1),
  }),
  fence: z.string(),
});
type Payload = z.infer<typeof Payload>;

/** An answer of APNs, and one in the place of the usual one. */
type Reply = { readonly status: number; readonly reason?: string; readonly timestamp?: number };
type Fault = Reply & { readonly retryAfter?: string };

/**
 * A stand-in of APNs with its documented errors, over HTTP/2 without TLS. `phones`: the state of each token; a number is the
 * time since which the token is known to be dead (ms since 1970).
 */
export async function apnsStandIn(phones: Map<string, 'registered' | number>) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const shown: (Payload & { readonly token: string })[] = [];
  const faults: Fault[] = [];
  const answer = (headers: Readonly<Record<string, unknown>>, body: string): Fault => {
    const refused = refusalOf(headers, publicKey);
    if (refused !== undefined) return refused;
    const fault = faults.shift();
    if (fault !== undefined) return fault;
    const token = /^\/3\/device\/([0-9a-f]+)$/.exec(`${headers[':path']}`)?.[1] ?? '';
    const state = phones.get(token);
    if (state === undefined) return { status: 400, reason: 'BadDeviceToken' };
    if (state !== 'registered') return { status: 410, reason: 'Unregistered', timestamp: state };
    shown.push({ ...Payload.parse(JSON.parse(body)), token });
    return { status: 200 };
  };
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', async (stream, headers) => {
    stream.on('error', () => {});
    const { status, retryAfter, ...error } = answer(headers, await text(stream));
    stream.respond({ ':status': status, ...(retryAfter !== undefined && { 'retry-after': retryAfter }) });
    stream.end(status === 200 ? '' : JSON.stringify(error));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo; // a TCP server has one
  const hangUp = () => {
    for (const session of sessions) session.destroy();
  };
  return { url: `http://127.0.0.1:${port}`, key: privateKey, shown, faults, hangUp, stop: () => void server.close() };
}

function refusalOf(headers: Readonly<Record<string, unknown>>, key: KeyObject): Reply | undefined {
  if (!isProven(`${headers['authorization']}`, key)) return { status: 403, reason: 'InvalidProviderToken' };
  if (headers['apns-topic'] !== 'com.example.shop') return { status: 400, reason: 'BadTopic' };
  return /^\d{10}$/.test(`${headers['apns-expiration']}`) ? undefined : { status: 400, reason: 'BadExpirationDate' };
}

/** Tests a provider token: a JSON Web Token of the team, ES256, at most an hour old. */
function isProven(authorization: string, key: KeyObject): boolean {
  const [, head = '', claims = '', signature = ''] = /^bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization) ?? [];
  const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString() || '{}');
  const { alg, kid } = decoded(head);
  const { iss, iat } = decoded(claims);
  const isOurs = alg === 'ES256' && kid === 'KEY1234567' && iss === 'TEAM123456';
  const signed = { key, dsaEncoding: 'ieee-p1363' } as const;
  const isSigned = verify('sha256', Buffer.from(`${head}.${claims}`), signed, Buffer.from(signature, 'base64url'));
  return isOurs && isSigned && Math.abs(Date.now() / 1000 - iat) < 3600;
}
