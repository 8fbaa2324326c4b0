import { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, errors, Pool } from 'undici';
import * as z from 'zod/mini';
import { Platform } from '../core/account.ts';
import { Dialect } from '../core/configuration.ts';
import { jsonIn } from '../lambda/request.ts';
import { appSecret, signatureOf } from './wire/credentials.ts';
import { type Endpoint, PATHS } from './wire/endpoint.ts';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** `http:` is for this machine only: everywhere else it would show the secret to whoever is on the way. */
const isSafe = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname));

/** Where an Account API answers. A path stays in front of the API's own; anything more has no meaning there. */
const Base = z.pipe(
  z.string(),
  z.transform((text, { issues }) => {
    const say = (message: string) => issues.push({ code: 'custom', input: text, message });
    const url = URL.parse(text);
    if (url === null) say('is not a URL');
    else if (!isSafe(url)) say('is https, or http on this machine');
    else if (url.username + url.password + url.search + url.hash !== '')
      say('has a host and perhaps a path, nothing else');
    else return url;
    return z.NEVER;
  }),
);

const Options = z.object({
  url: Base,
  app: z.string().check(z.regex(/^[!-9;-~]+$/, 'is visible ASCII without a colon, as headers need it')),
  secret: z.string().check(z.minLength(1, 'is not empty')),
  dialect: Dialect,
  authentication: z.enum(['basic', 'sign']),
  platform: z.optional(Platform),
  timeoutMs: z.int().check(z.positive()),
  connections: z._default(z.int().check(z.positive()), 8),
});

export type AccountApiClientOptions = {
  /** Such as `https://api.tpns.tencent.com`. */
  readonly url: string;
  /** The app's id there: XG's APPID, TPNS's AccessId. */
  readonly app: string;
  readonly secret: string;
  readonly dialect: Dialect;
  /** `sign` is TPNS's signature, which hosted TPNS recommends; XG has `basic` alone. */
  readonly authentication: 'basic' | 'sign';
  /** Goes with every request that does not say its own. The XG document asks for it; TPNS requests never carry it. */
  readonly platform?: Platform;
  /** For one attempt, from its start to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970: what signatures say, and what a `Retry-After` date is counted from. */
  readonly now: () => number;
  /** Connections open at a time, kept between calls. 8 unless given. */
  readonly connections?: number;
};

export type CheckedOptions = z.output<typeof Options> & Pick<AccountApiClientOptions, 'now'>;

/** Options that can work, or an error that names every one that can't. Values are not shown. */
export function checked(options: AccountApiClientOptions): CheckedOptions {
  const result = Options.safeParse(options);
  if (result.success) return { ...result.data, now: options.now };
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  throw new Error(`an Account API can't be reached with these options: ${issues.join('; ')}`);
}

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
