import { Buffer } from 'node:buffer';
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as overHttp,
} from 'node:http';
import { request as overHttps, Agent as TlsAgent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { Unavailable } from '../core/outcome.ts';
import { ENVIRONMENT, INVOCATION } from '../lambda/environment.ts';
import { type AwsClient, type Credentials, type Options, placeOf, Refused, SERVICES, type Service } from './calls.ts';

/** The most tries of a call, and the limits of each (ms): until it is connected, and from then to the whole answer. */
const TRIES = 3;
const CONNECT_MS = 500;
const ANSWER_MS = 1_500;

/** The longest wait before the second try (ms); twice that before the third. Full jitter. */
const WAIT_MS = 100;

/** Most resets of kept connections that one call takes without counting a try. */
const MOST_RESETS = 8;

/** Connections to one host at a time, kept between calls: the SDK's own numbers. */
const KEPT = { keepAlive: true, maxSockets: 50 } as const;
export const AGENTS = { httpAgent: new Agent(KEPT), httpsAgent: new TlsAgent(KEPT) } as const;

/** Makes the client of a service. Default of the options: Lambda's environment and clock. */
export function awsClient<S extends Service>(service: S, options: Partial<Options> = {}): AwsClient<S> {
  const { region, endpoint } = options.place ?? placeOf(service);
  const {
    credentials = environmentCredentials,
    now = Date.now,
    remainingMs = () => INVOCATION.endsMs - Date.now(),
  } = options;
  const { host, post } = posterTo(new URL(endpoint));
  const { target, version } = SERVICES[service];
  const sign = signerFor(region, service);
  let offsetMs = 0;
  /** Takes over the service's clock if it is minutes away from ours, which signs requests in vain. */
  const corrected = (date: string, usedMs: number): boolean => {
    const theirsMs = Date.parse(date) - now();
    const isSkewed = Math.abs(theirsMs - usedMs) >= SKEW_MS; // false without a date
    if (isSkewed) offsetMs = theirsMs;
    return isSkewed;
  };
  const once = async (action: string, body: string): Promise<Try> => {
    const { id, secret, session } = credentials();
    const usedMs = offsetMs;
    const signed = {
      'content-type': `application/x-amz-json-${version}`,
      host,
      'x-amz-date': new Date(now() + usedMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, ''),
      ...(session && { 'x-amz-security-token': session }),
      'x-amz-target': `${target}.${action}`,
    };
    const authorization = sign({ id, secret }, signed, body);
    const answer = await post({ ...signed, authorization, 'content-length': Buffer.byteLength(body) }, body);
    if ('kind' in answer) return answer;
    const read = tryOf(answer);
    if (read.kind === 'answered' || !SKEWED.test(read.name)) return read;
    return { ...read, again: corrected(answer.date, usedMs) };
  };
  const attempt: AwsClient<S>['attempt'] = async (action, input, expected) => {
    const body = JSON.stringify(input);
    const result = await tried(() => once(action, body), expected, remainingMs);
    if (result.kind === 'answered') return result.output as never; // the service's answer to this action
    if (result.name === expected) return new Refused(result.details ?? {});
    throw new Unavailable(result.name);
  };
  const call: AwsClient<S>['call'] = async (action, input) => {
    const answer = await attempt(action, input, NO_NAME);
    if (answer instanceof Refused) throw new Error(`bug: ${action} was refused without a name`);
    return answer;
  };
  return { call, attempt };
}

/** Tries until there is an answer or the expected error, or no time or try is left. */
async function tried(once: () => Promise<Try>, expected: string, remainingMs: () => number): Promise<Try> {
  const nextWaitMs = retries();
  for (;;) {
    const result = await once();
    if (result.kind === 'answered' || result.name === expected) return result;
    const waitMs = nextWaitMs(result);
    if (waitMs === undefined || remainingMs() < waitMs + ANSWER_MS) return result;
    if (waitMs > 0) await pause(waitMs);
  }
}

/** Counts the tries of one call. Takes a failure; returns the wait before the next try (ms), undefined if there is none. */
function retries() {
  let tries = 1;
  let resets = 0;
  return ({ again, isReset = false }: Failure): number | undefined => {
    if (isReset && resets++ < MOST_RESETS) return 0;
    if (!again || tries++ === TRIES) return undefined;
    return Math.random() * WAIT_MS * 2 ** (tries - 2);
  };
}

/** No error has this name. */
const NO_NAME = '';

/** Read at each signing, so that changed ones count. */
function environmentCredentials(): Credentials {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: session } = ENVIRONMENT;
  if (!id || !secret) throw new Unavailable('CredentialsMissing');
  return { id, secret, session };
}

/**
 * Signs with AWS's Signature Version 4: a POST of `body` to `/` whose signed headers are in the order of the alphabet.
 * Returns the `Authorization` header. The day's key is made once: that takes longer than a signature.
 */
export function signerFor(region: string, service: string) {
  let known: { scope: string; secret: string; key: KeyObject } | undefined;
  const keyFor = (secret: string, scope: string): KeyObject => {
    if (known?.scope !== scope || known.secret !== secret) {
      const start = createSecretKey(`AWS4${secret}`, 'utf8');
      const key = scope.split('/').reduce((key, part) => createSecretKey(hmac(key, part).digest()), start);
      known = { scope, secret, key };
    }
    return known.key;
  };
  return ({ id, secret }: Credentials, headers: Readonly<Record<'x-amz-date', string>>, body: string): string => {
    const at = headers['x-amz-date'];
    const scope = `${at.slice(0, 8)}/${region}/${service}/aws4_request`;
    const names = Object.keys(headers).join(';');
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    const request = `POST\n/\n\n${lines.join('')}\n${names}\n${hash('sha256', body)}`;
    const text = `AWS4-HMAC-SHA256\n${at}\n${scope}\n${hash('sha256', request)}`;
    const signature = hmac(keyFor(secret, scope), text).digest('hex');
    return `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  };
}

const hmac = (key: KeyObject, text: string) => createHmac('sha256', key).update(text);

type Answer = { readonly status: number; readonly text: string; readonly type: string; readonly date: string };

/** One try of a call. `again`: another one may succeed. `isReset`: the other end had closed a kept connection. */
type Try = { readonly kind: 'answered'; readonly output: object } | Failure;
type Failure = {
  readonly kind: 'failed';
  readonly name: string;
  readonly again: boolean;
  readonly isReset?: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
};

/** Posts over kept connections, each request within the limits of a try. */
function posterTo({ protocol, host, hostname, port }: URL) {
  const isTls = protocol === 'https:';
  const agent = isTls ? AGENTS.httpsAgent : AGENTS.httpAgent;
  const target = { agent, host: hostname, port, path: '/', method: 'POST' };
  const begin = isTls ? overHttps : overHttp;
  const post = (headers: OutgoingHttpHeaders, body: string) =>
    new Promise<Answer | Failure>((resolve) => {
      let [isKept, isAnswered] = [false, false];
      const fail = (error: Error & { code?: string }) => {
        if (isKept) closeIdle(agent);
        const name = error.code ?? error.name;
        const isReset = isKept && !isAnswered && (name === 'ECONNRESET' || name === 'EPIPE');
        resolve({ kind: 'failed', name, again: true, isReset });
      };
      const request = begin({ ...target, headers }, (response) => {
        isAnswered = true;
        readAll(response.on('error', fail), resolve);
      });
      request.on('socket', ({ connecting }) => {
        isKept = !connecting; // `reusedSocket` is false after a wait for another request's connection
        limitTime(request);
      });
      request.on('error', fail).on('close', () => resolve({ kind: 'failed', name: 'NoAnswer', again: true }));
      request.end(body);
    });
  return { host, post };
}

function readAll(response: IncomingMessage, done: (answer: Answer) => void): void {
  const { statusCode: status = 0, headers } = response;
  let text = '';
  response.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  response.on('end', () =>
    done({ status, text, type: `${headers['x-amzn-errortype'] ?? ''}`, date: headers.date ?? '' }),
  );
}

/**
 * Ends a request that takes too long, from when it has one of the connections. The handshake of TLS counts as a
 * part of the answer: in a cold start on a share of a processor it may take longer than a connection over the network.
 */
function limitTime(request: ClientRequest): void {
  let timer: NodeJS.Timeout | undefined;
  const limit = (ms: number) => {
    clearTimeout(timer);
    if (!request.destroyed) timer = setTimeout(() => request.destroy(new TimeoutError()), ms);
  };
  limit(request.socket?.connecting ? CONNECT_MS : ANSWER_MS);
  if (request.socket?.connecting) request.socket.once('connect', () => limit(ANSWER_MS));
  request.on('close', () => clearTimeout(timer));
}

class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * Closes idle connections after one has failed. While Lambda freezes a function, the other end may forget them all and say
 * nothing: each try would take the next dead one.
 */
function closeIdle(agent: Agent): void {
  for (const idle of Object.values(agent.freeSockets).flat()) idle?.destroy();
}

/** Names of throttling, and of errors that DynamoDB asks to try again. Beside them all statuses from 500, and 429. */
const AGAIN =
  /Throttl|^(?:BandwidthLimitExceeded|LimitExceededException|PriorRequestNotComplete|ProvisionedThroughputExceededException|ReplicatedWriteConflictException|RequestLimitExceeded|RequestTimeout(?:Exception)?|SlowDown|TooManyRequestsException|TransactionInProgressException)$/;

/** Names of errors for a request with a wrong time, among other things. */
const SKEWED =
  /^(?:AccessDeniedException|AuthFailure|InvalidSignatureException|Request(?:Expired|InTheFuture|TimeTooSkewed)|SignatureDoesNotMatch)$/;

/** AWS refuses requests from five minutes on. */
const SKEW_MS = 240_000;

/** Reads an answer. One that is cut off, empty or no object of JSON comes from no service: another try may get it. */
function tryOf({ status, text, type }: Answer): Try {
  const body = objectIn(text);
  if (status === 200)
    return body ? { kind: 'answered', output: body } : { kind: 'failed', name: 'NoAnswer', again: true };
  const [name = `Http${status}`] = /\w+(?=$|:)/.exec(`${body?.['__type'] ?? type}`) ?? [];
  const again = status >= 500 || status === 429 || AGAIN.test(name);
  return { kind: 'failed', name, again, ...(body && { details: body }) };
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
