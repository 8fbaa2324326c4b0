import type { Buffer } from 'node:buffer';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Pool } from 'undici';
import * as z from 'zod';
import { appSecret, credentialIn, isProven } from '../../functions/account-api/wire/credentials.ts';
import { sizeOf } from '../../functions/account-api/wire/elements.ts';
import { endpointAt, failureBody } from '../../functions/account-api/wire/endpoint.ts';
import { OperateReplies, OperateRequests } from '../../functions/account-api/wire/operate.ts';
import { readRequest } from '../../functions/account-api/wire/statuses.ts';
import { jsonIn } from '../../functions/lambda/request.ts';
import { pathAndQuery } from '../lambda/http.ts';
import { close, listen } from '../listening.ts';
import {
  type Chance,
  type Delays,
  errorStatus,
  FAULTS,
  type Fault,
  HostedTasks,
  isAppliedAllTheSame,
  strike,
} from './tasks.ts';

export type HostedApiOptions = {
  /** The URL of an Account API in the TPNS dialect that applies calls at once. */
  readonly upstream: string;
  /** The app that may call it, and its secret. */
  readonly app: string;
  readonly secret: string;
  readonly delays: Delays;
  readonly faults: readonly Fault[];
  /** Decides about faults and delays. Default: random. */
  readonly chance?: Chance;
};

/** For tests of a mirror: `GET` returns the state, `PUT` changes faults or takes the API down. */
export const CONTROL = '/hosted-api';

/** Calls since the start, accepted tasks that are not applied yet, and the faults. */
export const HostedState = z.object({
  operate: z.int(),
  query: z.int(),
  pending: z.int(),
  faults: z.array(z.enum(FAULTS)),
  isDown: z.boolean(),
});
export type HostedState = z.infer<typeof HostedState>;

const Change = HostedState.pick({ faults: true, isDown: true }).partial();

/** A request with its whole body. */
type WholeRequest = {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};
type Reply = { readonly status: number; readonly body: string };

/**
 * Starts a hosted TPNS as a mirror sees it: it answers batchoperate at once, with success for every well-formed element,
 * and applies it later. A query returns only applied bindings. Faults strike a fifth of the calls.
 */
export async function startHostedApi(options: HostedApiOptions): Promise<{ url: string; stop: () => Promise<void> }> {
  const api = new HostedApi(options);
  const server = createServer((request, response) => {
    api
      .answer(request)
      .then((reply) => send(response, reply))
      .catch(() => response.destroy());
  });
  const url = await listen(server);
  return { url, stop: () => Promise.all([close(server), api.stop()]).then(() => {}) };
}

class HostedApi {
  readonly #options: HostedApiOptions;
  readonly #chance: Chance;
  readonly #tasks: HostedTasks;
  readonly #pool: Pool;
  readonly #calls = { operate: 0, query: 0 };
  #change: Pick<HostedState, 'faults' | 'isDown'>;

  constructor(options: HostedApiOptions) {
    this.#options = options;
    this.#chance = options.chance ?? Math.random;
    this.#tasks = new HostedTasks(options.delays, this.#chance);
    this.#pool = new Pool(options.upstream, { connections: 8 });
    this.#change = { faults: [...options.faults], isDown: false };
  }

  /** Returns undefined while the API is down: then the connection is cut. */
  async answer(incoming: IncomingMessage): Promise<Reply | undefined> {
    const request = await read(incoming);
    if (request.path === CONTROL) return this.#control(request);
    if (this.#change.isDown) return undefined;
    const endpoint = endpointAt(request.path);
    if (endpoint === undefined || request.method !== 'POST') return this.#forward(request);
    this.#calls[endpoint]++;
    const fault = strike(this.#change.faults, this.#chance);
    return endpoint === 'operate' ? this.#operate(request, fault) : this.#query(request, fault);
  }

  stop(): Promise<void> {
    this.#tasks.stop();
    return this.#pool.destroy();
  }

  #operate(request: WholeRequest, fault: Fault | undefined): Reply {
    if (!this.#isAuthenticated(request)) return replyOf(403, failed('notAuthenticated'));
    const json = jsonIn(request.body);
    const parsed = json ? readRequest(OperateRequests.tpns, json.value) : failure('malformed');
    if (!('request' in parsed)) return replyOf(200, failureBody(TO, parsed));
    if (fault !== '5xx' || isAppliedAllTheSame(this.#chance)) this.#tasks.take(() => this.#forward(request), fault);
    if (fault === '5xx') return replyOf(errorStatus(this.#chance), failed('unavailable'));
    const results = Array.from({ length: sizeOf(parsed.request) }, () => 'done' as const);
    return replyOf(200, z.encode(OperateReplies.tpns, { kind: 'done', results }));
  }

  async #query(request: WholeRequest, fault: Fault | undefined): Promise<Reply> {
    return fault === '5xx' ? replyOf(errorStatus(this.#chance), failed('unavailable')) : this.#forward(request);
  }

  #isAuthenticated({ headers, body }: WholeRequest): boolean {
    const { app, secret } = this.#options;
    const credential = credentialIn(
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}`])),
    );
    const attempt = { body, nowMs: Date.now(), windowMs: 600_000 };
    return credential?.app === app && isProven(credential, [appSecret(secret)], attempt);
  }

  async #forward({ path, method, headers, body }: WholeRequest): Promise<Reply> {
    const { host: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, ...own } = headers;
    const answer = await this.#pool.request({ path, method, headers: own, ...(method !== 'GET' && { body }) });
    return { status: answer.statusCode, body: await answer.body.text() };
  }

  #control({ method, body }: WholeRequest): Reply {
    if (method === 'PUT') {
      const change = Change.safeParse(jsonIn(body)?.value);
      if (!change.success) return replyOf(400, {});
      const { faults = this.#change.faults, isDown = this.#change.isDown } = change.data;
      this.#change = { faults, isDown };
    }
    return replyOf(200, { ...this.#calls, pending: this.#tasks.pending, ...this.#change } satisfies HostedState);
  }
}

const TO = { endpoint: 'operate', dialect: 'tpns' } as const;

const failure = (problem: 'malformed' | 'notAuthenticated' | 'unavailable') => ({ kind: 'failed', problem }) as const;
const failed = (problem: Parameters<typeof failure>[0]): unknown => failureBody(TO, failure(problem));

const replyOf = (status: number, body: unknown): Reply => ({ status, body: JSON.stringify(body) });

async function read(request: IncomingMessage): Promise<WholeRequest> {
  const [path] = pathAndQuery(request);
  return { path, method: request.method ?? 'GET', headers: request.headers, body: await buffer(request) };
}

function send(response: ServerResponse, reply: Reply | undefined): void {
  if (reply === undefined) response.destroy();
  else response.writeHead(reply.status, { 'content-type': 'application/json' }).end(reply.body);
}
