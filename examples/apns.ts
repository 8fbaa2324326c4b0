import { type KeyObject, sign } from 'node:crypto';
import { type ClientHttp2Session, connect } from 'node:http2';
import { json } from 'node:stream/consumers';
import { type Answer, retryAfterMs, type SendOne } from './send.ts';

export type ApnsOptions = {
  /** The key of Apple's `.p8` file, its id, and the team. */
  readonly key: KeyObject;
  readonly keyId: string;
  readonly teamId: string;
  /** The bundle id of the app. */
  readonly topic: string;
  /** A neutral text. The notification service extension adds `data` to it if `fence` is the phone's own. */
  readonly alert: { readonly title: string; readonly body: string };
  readonly data: Readonly<Record<string, string>>;
  /** Default: five minutes. */
  readonly ttlS?: number;
  readonly url?: string;
};

/** Sends alerts with APNs over one HTTP/2 connection. `close` ends it. */
export function apns(options: ApnsOptions): { readonly sendOne: SendOne; readonly close: () => void } {
  const { topic, alert, data, ttlS = 300, url = 'https://api.push.apple.com' } = options;
  const token = providerToken(options);
  let session: ClientHttp2Session | undefined;
  const connected = () => {
    if (session === undefined || session.closed || session.destroyed) session = connect(url).on('error', () => {});
    return session;
  };
  const sendOne: SendOne = async (device) => {
    const headers = {
      ':method': 'POST',
      ':path': `/3/device/${encodeURIComponent(device.token)}`,
      authorization: `bearer ${token()}`,
      'apns-topic': topic,
      'apns-push-type': 'alert',
      'apns-expiration': `${Math.floor(Date.now() / 1000) + ttlS}`,
    };
    const body = { ...data, aps: { alert, 'mutable-content': 1 }, fence: device.fence };
    return post(connected(), headers, JSON.stringify(body)).catch((): Answer => ({ kind: 'later' }));
  };
  return { sendOne, close: () => session?.close() };
}

/** A provider token is good for 20 to 60 minutes (ms). Apple refuses a newer one before. */
const RENEWED_MS = 40 * 60_000;

function providerToken({ key, keyId, teamId }: ApnsOptions): () => string {
  let made = { ms: Number.NEGATIVE_INFINITY, text: '' };
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return () => {
    const ms = Date.now();
    if (ms - made.ms < RENEWED_MS) return made.text;
    const text = `${encoded({ alg: 'ES256', kid: keyId })}.${encoded({ iss: teamId, iat: Math.floor(ms / 1000) })}`;
    const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
    made = { ms, text: `${text}.${signature.toString('base64url')}` };
    return made.text;
  };
}

async function post(session: ClientHttp2Session, headers: Record<string, string>, body: string): Promise<Answer> {
  const request = session.request(headers, { signal: AbortSignal.timeout(10_000) });
  request.end(body);
  const [status, after] = await new Promise<[number, string | undefined]>((resolve, reject) => {
    request.on('response', (answer) => resolve([answer[':status'] ?? 0, `${answer['retry-after'] ?? ''}`]));
    request.on('error', reject).on('close', () => reject(new Error('no answer')));
  });
  if (status === 200) {
    request.resume();
    return { kind: 'sent' };
  }
  const { reason, timestamp } = Object(await json(request).catch(() => undefined));
  return answerOf(status, reason, timestamp, retryAfterMs(after));
}

/** Tests a time of APNs: milliseconds since 1970, within what a date can be. */
const isTime = (value: unknown): value is number => typeof value === 'number' && Math.abs(value) <= 8.64e15;

/** https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns */
function answerOf(status: number, reason: unknown, timestamp: unknown, afterMs: number | undefined): Answer {
  // Milliseconds since 1970: a phone that has registered the token again since then keeps it.
  if (status === 410 && isTime(timestamp)) return { kind: 'gone', at: new Date(timestamp) };
  if (status === 429 || status >= 500) return { kind: 'later', afterMs };
  return { kind: 'failed', reason: `HTTP ${status} ${typeof reason === 'string' ? reason : ''}`.trim() };
}
