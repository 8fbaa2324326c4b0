import { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, errors, Pool } from 'undici';
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

/**
 * An answer may take this many bytes. Twenty tokens with ten accounts each fit with the longest names; a hundred accounts
 * with a hundred tokens each do not: ask about fewer.
 */
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
    const path = `${prefix}${PATHS[endpoint]}`;
    const answer = await received(() => pool.request({ method: 'POST', path, headers, body, signal }));
    return typeof answer === 'string' ? { kind: 'unavailable', reason: answer } : heardIn(answer, options.now());
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

type Received = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/**
 * What came back, or the code of what went wrong on the way. An error's text is left out: it may quote what was sent.
 * An argument that undici cannot take is a bug and thrown.
 */
async function received(request: () => Promise<Dispatcher.ResponseData>): Promise<Received | string> {
  try {
    const { statusCode: status, headers, body } = await request();
    return { status, headers, body: Buffer.from(await body.arrayBuffer()) };
  } catch (error) {
    if (!(error instanceof Error) || error instanceof errors.InvalidArgumentError) throw error;
    if (error.name === 'TimeoutError') return 'timeout';
    const code: unknown = Reflect.get(error, 'code');
    return typeof code === 'string' ? code : error.name;
  }
}

/** A compressed body was not asked for. It is not unpacked, so nothing small can become large, and it is not JSON. */
function heardIn({ status, headers, body }: Received, nowMs: number): Heard {
  const retryAfterMs = delayIn(headers['retry-after'], nowMs);
  const json = jsonIn(body);
  return {
    kind: 'heard',
    status,
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
