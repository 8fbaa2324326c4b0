import { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, errors, Pool } from 'undici';
import * as z from 'zod/mini';
import { Platform } from '../core/account.ts';
import { AccountApiUrl, Dialect } from '../core/configuration.ts';
import { jsonIn } from '../lambda/request.ts';
import { appSecret, signatureOf } from './wire/credentials.ts';
import { type Endpoint, PATHS } from './wire/endpoint.ts';

const Options = z.object({
  url: z.pipe(
    AccountApiUrl,
    z.transform((text) => new URL(text)),
  ),
  app: z.string().check(z.regex(/^[!-9;-~]+$/, 'must be visible ASCII without a colon, as headers need it')),
  secret: z.string().check(z.minLength(1, 'must not be empty')),
  dialect: Dialect,
  authentication: z.enum(['basic', 'sign']),
  platform: z.optional(Platform),
  timeoutMs: z.int().check(z.positive()),
  connections: z._default(z.int().check(z.positive()), 8),
});

export type AccountApiClientOptions = {
  /** Such as `https://api.tpns.tencent.com`. */
  readonly url: string;
  /** The app's id in that API: XG's APPID, TPNS's AccessId. */
  readonly app: string;
  readonly secret: string;
  readonly dialect: Dialect;
  /** `sign` is TPNS's signature, which hosted TPNS recommends; XG has `basic` alone. */
  readonly authentication: 'basic' | 'sign';
  /** Sent with every request that has no platform of its own. The XG document asks for it; TPNS requests never have it. */
  readonly platform?: Platform;
  /** The limit of one call (ms), from its start to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970, for signatures and for dates in `Retry-After`. */
  readonly now: () => number;
  /** The most connections at a time, kept between calls. Default: 8. */
  readonly connections?: number;
};

export type CheckedOptions = z.output<typeof Options> & Pick<AccountApiClientOptions, 'now'>;

/** Returns the options, or throws an error that names every invalid one without its value. */
export function checked(options: AccountApiClientOptions): CheckedOptions {
  const result = Options.safeParse(options);
  if (result.success) return { ...result.data, now: options.now };
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  throw new Error(`invalid options of an Account API: ${issues.join('; ')}`);
}

/** The answer to one call: a status, and the body if it is JSON. Or the reason why there was no answer. */
export type HttpAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfterMs?: number; readonly json?: unknown }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Never rejects for a failure of the connection or of the API. */
export type Post = (endpoint: Endpoint, body: string) => Promise<HttpAnswer>;

/**
 * The most bytes of an answer. Twenty tokens with 128 accounts each fit with the longest names; a hundred accounts with a
 * hundred tokens each do not: callers must ask for fewer.
 */
export const MAX_ANSWER_BYTES = 1024 * 1024;

/** The other end has closed or forgotten the connection. */
const LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/**
 * Connections to one host. A redirect is an answer like any other: the client does not follow it. A request whose kept
 * connection is lost is sent once more, on a new one: while Lambda freezes a function, the other end may forget them all.
 * Every request may be sent twice, since all operations are idempotent. After any failure kept connections are not used.
 */
export function transport(options: CheckedOptions): { post: Post; close: () => Promise<void> } {
  const { url, timeoutMs, connections } = options;
  const connected = () => ({
    isKept: false,
    pool: new Pool(url.origin, {
      connections,
      allowH2: false,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect: { timeout: timeoutMs, minVersion: 'TLSv1.2' },
    }),
  });
  let current = connected();
  const prefix = url.pathname.replace(/\/+$/, '');
  const credentials = credentialsOf(options);
  const send = async (
    request: Omit<Dispatcher.RequestOptions, 'origin'>,
    isAgain = false,
  ): Promise<RawAnswer | string> => {
    const used = current;
    const { isKept } = used;
    const raw = await receive(() => used.pool.request(request));
    if (typeof raw !== 'string') used.isKept = true;
    else if (isKept && used === current) {
      current = connected();
      void used.pool.close();
    }
    return typeof raw === 'string' && isKept && LOST.has(raw) && !isAgain ? send(request, true) : raw;
  };
  const post: Post = async (endpoint, body) => {
    const headers = { 'content-type': 'application/json', 'accept-encoding': 'identity', ...credentials(body) };
    // Each call needs a new signal: one that has fired would end the next call before it began.
    const signal = AbortSignal.timeout(timeoutMs);
    const path = `${prefix}${PATHS[endpoint]}`;
    const raw = await send({ method: 'POST', path, headers, body, signal });
    return typeof raw === 'string' ? { kind: 'unavailable', reason: raw } : answerIn(raw, options.now());
  };
  return { post, close: () => current.pool.close() };
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

type RawAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/**
 * Returns the raw answer, or the code of the error. The error's text is left out, because it may quote the request. Throws
 * if undici refuses an argument, which is a bug.
 */
async function receive(request: () => Promise<Dispatcher.ResponseData>): Promise<RawAnswer | string> {
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

/** Never decompresses a body, so that no small body becomes a large one. A compressed body is not JSON. */
function answerIn({ status, headers, body }: RawAnswer, nowMs: number): HttpAnswer {
  const retryAfterMs = delayIn(headers['retry-after'], nowMs);
  const json = jsonIn(body);
  return {
    kind: 'answered',
    status,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(json && { json: json.value }),
  };
}

/** Returns `Retry-After` in milliseconds. It is a number of seconds or a date (RFC 9110 §10.2.3). */
function delayIn(header: string | string[] | undefined, nowMs: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}
