import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Account } from './bodies.ts';
import { type Authentication, type Credential, headersOf } from './credentials.ts';
import { type Dialect, type Endpoint, PATHS } from './dialects.ts';
import { type Answer, type Exchange, exchange } from './exchange.ts';
import { Broken } from './expectation.ts';

/** The API under test, and the waiting times for it. */
export type Target = Credential & {
  /** A path in the URL precedes the API's own paths. */
  readonly url: string;
  readonly dialect: Dialect;
  /** Sent with every request. Hosted XG requires it. Default: none. */
  readonly platform?: string | undefined;
  /** The longest time until an effect is visible (ms): hosted APIs answer before they work. */
  readonly waitMs: number;
  /** The pause before each request (ms). */
  readonly paceMs: number;
  /** Accepts what the documents leave open: status and code of a refusal, other keys, the texts of codes. Default: false. */
  readonly isDocumentedOnly?: boolean;
};

/** A request, right or wrong in the way that a rule needs. */
export type Ask = {
  readonly endpoint?: Endpoint;
  /** An object is sent as JSON, a text unchanged. */
  readonly body: object | string;
  readonly method?: Exchange['method'];
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Another credential, or none. Default: the right one. */
  readonly credential?: 'none' | { app?: string; secret?: string; authentication?: Authentication; skewMs?: number };
  /** The text to sign instead of the body. */
  readonly signed?: string;
};

/** One API under test, with names that are unique to this run. */
export type Api = {
  readonly dialect: Dialect;
  readonly authentication: Authentication;
  readonly isDocumentedOnly: boolean;
  readonly send: (ask: Ask) => Promise<Answer>;
  /** Repeats the check until it passes. Throws the check's last error when the time is over. */
  readonly eventually: (check: () => Promise<void>) => Promise<void>;
  readonly token: (name?: string) => string;
  readonly account: (name: string, type?: number) => Account;
};

/** The first pause between two checks, doubled up to the last (ms). */
const POLL_MS = { first: 10, last: 1_000 } as const;

export function apiAt(target: Target): Api {
  const run = randomBytes(4).toString('hex');
  let names = 0;
  const name = (of: string) => `cf-${run}-${++names}-${of}`;
  return {
    dialect: target.dialect,
    authentication: target.authentication,
    isDocumentedOnly: target.isDocumentedOnly === true,
    send: (ask) => send(target, ask),
    eventually: (check) => eventually(check, target.waitMs),
    token: (of = 'token') => name(of),
    account: (of, type = 0) => ({ account: name(of), account_type: type }),
  };
}

async function send(target: Target, ask: Ask): Promise<Answer> {
  if (target.paceMs > 0) await setTimeout(target.paceMs);
  const platform = target.platform === undefined ? {} : { platform: target.platform };
  const body = typeof ask.body === 'string' ? ask.body : JSON.stringify({ ...platform, ...ask.body });
  const path = ask.path ?? PATHS[ask.endpoint ?? 'operate'];
  const proof = ask.credential === 'none' ? {} : headersOf({ ...target, ...ask.credential }, ask.signed ?? body);
  return exchange({
    method: ask.method ?? 'POST',
    url: `${target.url.replace(/\/+$/, '')}${path}`,
    headers: { 'content-type': 'application/json', ...proof, ...ask.headers },
    body,
  });
}

async function eventually(check: () => Promise<void>, waitMs: number): Promise<void> {
  const end = performance.now() + waitMs;
  for (let pauseMs: number = POLL_MS.first; ; pauseMs = Math.min(pauseMs * 2, POLL_MS.last)) {
    try {
      return await check();
    } catch (error) {
      if (!(error instanceof Broken) || performance.now() >= end) throw error;
    }
    await setTimeout(pauseMs);
  }
}
