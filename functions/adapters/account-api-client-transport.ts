import { Buffer } from 'node:buffer';
import { type Dispatcher, Pool } from 'undici';
import { jsonIn } from '../handlers/json.ts';
import { appSecret, signatureOf } from '../wire/credentials.ts';
import { type Endpoint, PATHS } from '../wire/endpoint.ts';
import type { CheckedOptions } from './account-api-client-options.ts';

/** What came back: a status and, where the body could be read, what it says. Or why nothing did. */
export type Heard =
  | { readonly kind: 'heard'; readonly status: number; readonly retryAfterMs?: number; readonly json?: unknown }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** One attempt. Resolves whatever the other side does. */
export type Post = (endpoint: Endpoint, body: string) => Promise<Heard>;

/** An answer may take this many bytes: one about 100 accounts with 100 tokens of 64 bytes takes fewer than three times as many. */
export const MAX_ANSWER_BYTES = 256 * 1024;

/** Connections to one host, and to no other: a redirect is an answer like any other and nobody follows it. */
export function transport(options: CheckedOptions): { post: Post; close: () => Promise<void> } {
  const { url, timeoutMs, connections } = options;
  const pool = new Pool(url.origin, {
    connections,
    allowH2: false,
    maxResponseSize: MAX_ANSWER_BYTES,
    connect: { timeout: timeoutMs, minVersion: 'TLSv1.2' },
  });
  const prefix = url.pathname.replace(/\/+$/, '');
  const credentials = credentialsOf(options);
  const post: Post = async (endpoint, body) => {
    const headers = { 'content-type': 'application/json', 'accept-encoding': 'identity', ...credentials(body) };
    // A signal of its own for each attempt: one that has fired would end the next attempt before it began.
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await pool.request({
        method: 'POST',
        path: `${prefix}${PATHS[endpoint]}`,
        headers,
        body,
        signal,
      });
      return heardIn(response, Buffer.from(await response.body.arrayBuffer()), options.now());
    } catch (error) {
      return { kind: 'unavailable', reason: codeOf(error) };
    }
  };
  return { post, close: () => pool.close() };
}

function credentialsOf({ app, secret, authentication, now }: CheckedOptions): (body: string) => Record<string, string> {
  if (authentication === 'basic') {
    const authorization = `Basic ${Buffer.from(`${app}:${secret}`).toString('base64')}`;
    return () => ({ authorization });
  }
  const { key } = appSecret(secret);
  return (body) => {
    const timestamp = String(Math.floor(now() / 1000));
    return { AccessId: app, TimeStamp: timestamp, Sign: signatureOf(key, { timestamp, app, body }) };
  };
}

/** A compressed body was not asked for. It is not unpacked, so nothing small can become large, and it is not JSON. */
function heardIn({ statusCode, headers }: Dispatcher.ResponseData, body: Buffer, nowMs: number): Heard {
  const retryAfterMs = delayIn(headers['retry-after'], nowMs);
  const json = jsonIn(body);
  return {
    kind: 'heard',
    status: statusCode,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(json && { json: json.value }),
  };
}

/** `Retry-After` in milliseconds: a number of seconds, or a date (RFC 9110 §10.2.3). */
function delayIn(header: string | string[] | undefined, nowMs: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}

/** Errors of undici and of the system are told apart by their code; a text may quote what was sent. Anything else is a bug. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  if (error.name === 'TimeoutError') return 'timeout';
  const code = Reflect.get(error, 'code');
  if (typeof code !== 'string' || code === 'UND_ERR_INVALID_ARG') throw error;
  return code;
}
