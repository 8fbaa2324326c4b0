/** A message to send. Its id and body are the same on every attempt, so that none counts twice. */
export type Message = { readonly id: string; readonly body: string };

type Headers = Readonly<Record<string, string>>;

/** Signs one attempt to send a message, made now (ms since 1970), as Standard Webhooks 1.0.0 says (`v1`). */
export type Signer = (message: Message, nowMs: number) => Promise<Headers>;

const utf8 = new TextEncoder();
const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
const base64url = (bytes: Uint8Array): string =>
  base64(bytes).replace(/[+/=]/g, (letter) => (letter === '+' ? '-' : letter === '/' ? '_' : ''));

/** Returns HMAC-SHA256 under the key in a `whsec_` secret. Throws if the secret is none. */
function hmac(secret: string): (text: string) => Promise<Uint8Array> {
  const encoded = secret.trim().replace(/^(?:v1,)?whsec_|=+$/g, '');
  const bytes = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3})?$/.test(encoded) ? atob(encoded) : '';
  if (bytes.length < 24 || bytes.length > 64)
    throw new TypeError('a webhook secret must be whsec_ and the base64 of 24 to 64 bytes');
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const raw = Uint8Array.from(bytes, (letter) => letter.charCodeAt(0));
  let key: ReturnType<typeof crypto.subtle.importKey> | undefined;
  return async (text) => {
    key ??= crypto.subtle.importKey('raw', raw, algorithm, false, ['sign']);
    return new Uint8Array(await crypto.subtle.sign('HMAC', await key, utf8.encode(text)));
  };
}

export function signer(secret: string): Signer {
  const digest = hmac(secret);
  return async ({ id, body }, nowMs) => {
    const timestamp = `${Math.floor(nowMs / 1000)}`;
    const signature = base64(await digest(`${id}.${timestamp}.${body}`));
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
  };
}

/** Returns the JSON Web Token of some claims, under the same secret (HS256). */
export async function jwt(secret: string, claims: object): Promise<string> {
  const parts = [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) => base64url(utf8.encode(JSON.stringify(part))));
  return `${parts.join('.')}.${base64url(await hmac(secret)(parts.join('.')))}`;
}

export type Issue = { readonly path: string; readonly message: string };

/** The server refused the request: nothing was changed, and the same request is refused again. */
export class RefusedError extends Error {
  override readonly name: string = 'RefusedError';
  readonly status: number;
  /** The code in Bindery's answer, such as `invalid_event`. Undefined if a gateway answered. */
  readonly code: string | undefined;
  readonly issues: readonly Issue[];
  constructor({ status, json }: Answer) {
    const { code, message, detail, issues } = isRecord(json) ? json : {};
    const found = Array.isArray(issues) ? issues.filter(isIssue) : [];
    const faults = found.map((issue) => `; ${issue.path || 'body'}: ${issue.message}`).join('');
    // A server that is not Bindery might repeat what it was sent.
    const texts = isText(code) ? [code, message ?? detail].filter(isText) : [];
    super([`HTTP ${status}`, ...texts].join(': ') + (isText(code) ? faults : ''));
    this.status = status;
    this.code = isText(code) ? code : undefined;
    this.issues = isText(code) ? found : [];
  }
}

/** The secret or the clock is wrong (401). The message says which, as far as the server does. */
export class NotSignedError extends RefusedError {
  override readonly name = 'NotSignedError';
}

/** No attempt succeeded within the time limit. An event may or may not have been accepted: send its message again. */
export class GaveUpError extends Error {
  override readonly name = 'GaveUpError';
  readonly attempts: number;
  /** Why the last attempt failed, such as `HTTP 503: unavailable` or `ECONNREFUSED`. */
  readonly reason: string;
  constructor(attempts: number, reason: string) {
    super(`gave up after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${reason}`);
    this.attempts = attempts;
    this.reason = reason;
  }
}

export type TransportOptions = {
  /** The most time of a request with all its attempts (ms). Default: 30 seconds. */
  readonly timeLimitMs?: number | undefined;
  /** The most time of one attempt (ms). Default: 10 seconds. */
  readonly attemptLimitMs?: number | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Milliseconds since 1970. Default: the clock of this machine. */
  readonly now?: (() => number) | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type Post<A> = TransportOptions & {
  readonly url: string;
  readonly body: string;
  /** Makes the headers of one attempt. */
  readonly headers: () => Promise<Headers> | Headers;
  readonly isAnswer: (json: unknown) => json is A;
};

const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [200, 10_000];

/** Posts the same body until it is answered: again on 429, on 5xx and on no answer, after growing pauses. */
export async function post<A>(request: Post<A>): Promise<A> {
  const { timeLimitMs = 30_000, now = Date.now, isAnswer, signal } = request;
  const endMs = performance.now() + timeLimitMs;
  for (let attempts = 1; ; attempts += 1) {
    const answer = await attempt(request, endMs - performance.now());
    const { status, json } = answer;
    if (status >= 200 && status < 300 && isAnswer(json)) return json;
    if (status === 401) throw new NotSignedError(answer);
    if (status >= 300 && status < 500 && status !== 429) throw new RefusedError(answer);
    // Full jitter: senders that failed together do not come back together.
    const longestMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
    const pauseMs = retryAfterMs(answer.retryAfter, now()) + Math.random() * longestMs;
    if (performance.now() + pauseMs >= endMs) throw new GaveUpError(attempts, reasonOf(answer));
    await pause(pauseMs, signal);
  }
}

/** An answer, or why there is none. */
type Answer = {
  readonly status: number;
  readonly json?: unknown;
  readonly retryAfter?: string | null;
  readonly failure?: string;
};

function reasonOf({ status, json, failure }: Answer): string {
  const code = isRecord(json) ? json['code'] : undefined;
  return failure ?? `HTTP ${status}${isText(code) ? `: ${code}` : ''}`;
}

async function attempt<A>(request: Post<A>, leftMs: number): Promise<Answer> {
  const { url, body, signal, fetch = globalThis.fetch, attemptLimitMs = 10_000 } = request;
  signal?.throwIfAborted();
  const headers = { 'content-type': 'application/json', ...(await request.headers()) };
  const timeout = AbortSignal.timeout(Math.max(1, Math.floor(Math.min(attemptLimitMs, leftMs))));
  const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
  try {
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: either });
    const { status } = response;
    return { status, json: jsonIn(await response.text()), retryAfter: response.headers.get('retry-after') };
  } catch (error) {
    signal?.throwIfAborted();
    return { status: 0, failure: nameOf(error) };
  }
}

/** The name of an error. Its text might repeat what was sent. */
function nameOf(error: unknown): string {
  const cause = isRecord(error) && isRecord(error['cause']) ? error['cause'] : {};
  if (isText(cause['code'])) return cause['code'];
  return error instanceof Error ? error.name : 'no answer';
}

/** Returns how long `Retry-After` says to wait, in seconds or until a date; 0 without one. */
function retryAfterMs(text: string | null | undefined, nowMs: number): number {
  if (!text) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return ms > 0 ? ms : 0;
}

/** Rejects with the reason of the signal once it is aborted. */
const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const isText = (value: unknown): value is string => typeof value === 'string';
const isIssue = (value: unknown): value is Issue =>
  isRecord(value) && isText(value['path']) && isText(value['message']);
