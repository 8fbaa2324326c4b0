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

export type HostedSideOptions = {
  /** An Account API in the TPNS dialect, which does what is asked at once. */
  readonly upstream: string;
  /** Whose credential opens it. */
  readonly app: string;
  readonly secret: string;
  readonly delays: Delays;
  readonly faults: readonly Fault[];
  /** What decides. Random unless given. */
  readonly chance?: Chance;
};

/** `GET` tells how it is, `PUT` changes faults or takes the side down; for programs that put a mirror to the test. */
export const CONTROL = '/hosted-side';

/** How a hosted side is: calls it had since its start, tasks under way, and what happens to calls. */
export const HostedState = z.object({
  operate: z.int(),
  query: z.int(),
  pending: z.int(),
  faults: z.array(z.enum(FAULTS)),
  isDown: z.boolean(),
});
export type HostedState = z.infer<typeof HostedState>;

const Change = HostedState.pick({ faults: true, isDown: true }).partial();

/** A request, whole. */
type Asked = {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};
type Reply = { readonly status: number; readonly body: string };

/**
 * Hosted TPNS as a mirror meets it: batchoperate is answered at once, with success for all that is well-formed, and
 * takes effect later; a query shows what has taken effect. Faults strike a fifth of the calls.
 */
export async function startHostedSide(options: HostedSideOptions): Promise<{ url: string; stop: () => Promise<void> }> {
  const side = new Side(options);
  const server = createServer((request, response) => {
    side
      .answer(request)
      .then((reply) => send(response, reply))
      .catch(() => response.destroy());
  });
  const url = await listen(server);
  return { url, stop: () => Promise.all([close(server), side.stop()]).then(() => {}) };
}

class Side {
  readonly #options: HostedSideOptions;
  readonly #chance: Chance;
  readonly #tasks: HostedTasks;
  readonly #pool: Pool;
  readonly #calls = { operate: 0, query: 0 };
  #change: Pick<HostedState, 'faults' | 'isDown'>;

  constructor(options: HostedSideOptions) {
    this.#options = options;
    this.#chance = options.chance ?? Math.random;
    this.#tasks = new HostedTasks(options.delays, this.#chance);
    this.#pool = new Pool(options.upstream, { connections: 8 });
    this.#change = { faults: [...options.faults], isDown: false };
  }

  /** Nothing where the side is down: the connection is cut. */
  async answer(request: IncomingMessage): Promise<Reply | undefined> {
    const asked = await read(request);
    if (asked.path === CONTROL) return this.#control(asked);
    if (this.#change.isDown) return undefined;
    const endpoint = endpointAt(asked.path);
    if (endpoint === undefined || asked.method !== 'POST') return this.#forward(asked);
    this.#calls[endpoint]++;
    const fault = strike(this.#change.faults, this.#chance);
    return endpoint === 'operate' ? this.#operate(asked, fault) : this.#query(asked, fault);
  }

  stop(): Promise<void> {
    this.#tasks.stop();
    return this.#pool.destroy();
  }

  #operate(asked: Asked, fault: Fault | undefined): Reply {
    if (!this.#isLetIn(asked)) return said(403, failed('notAuthenticated'));
    const json = jsonIn(asked.body);
    const request = json ? readRequest(OperateRequests.tpns, json.value) : failure('malformed');
    if (!('request' in request)) return said(200, failureBody(TO, request));
    if (fault !== '5xx' || isAppliedAllTheSame(this.#chance)) this.#tasks.take(() => this.#forward(asked), fault);
    if (fault === '5xx') return said(errorStatus(this.#chance), failed('unavailable'));
    const results = Array.from({ length: sizeOf(request.request) }, () => 'done' as const);
    return said(200, z.encode(OperateReplies.tpns, { kind: 'done', results }));
  }

  async #query(asked: Asked, fault: Fault | undefined): Promise<Reply> {
    return fault === '5xx' ? said(errorStatus(this.#chance), failed('unavailable')) : this.#forward(asked);
  }

  #isLetIn({ headers, body }: Asked): boolean {
    const { app, secret } = this.#options;
    const credential = credentialIn(
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}`])),
    );
    const attempt = { body, nowMs: Date.now(), windowMs: 600_000 };
    return credential?.app === app && isProven(credential, [appSecret(secret)], attempt);
  }

  async #forward({ path, method, headers, body }: Asked): Promise<Reply> {
    const { host: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, ...own } = headers;
    const answer = await this.#pool.request({ path, method, headers: own, ...(method !== 'GET' && { body }) });
    return { status: answer.statusCode, body: await answer.body.text() };
  }

  #control({ method, body }: Asked): Reply {
    if (method === 'PUT') {
      const change = Change.safeParse(jsonIn(body)?.value);
      if (!change.success) return said(400, {});
      const { faults = this.#change.faults, isDown = this.#change.isDown } = change.data;
      this.#change = { faults, isDown };
    }
    return said(200, { ...this.#calls, pending: this.#tasks.pending, ...this.#change } satisfies HostedState);
  }
}

const TO = { endpoint: 'operate', dialect: 'tpns' } as const;

const failure = (problem: 'malformed' | 'notAuthenticated' | 'unavailable') => ({ kind: 'failed', problem }) as const;
const failed = (problem: Parameters<typeof failure>[0]): unknown => failureBody(TO, failure(problem));

const said = (status: number, body: unknown): Reply => ({ status, body: JSON.stringify(body) });

async function read(request: IncomingMessage): Promise<Asked> {
  const [path] = pathAndQuery(request);
  return { path, method: request.method ?? 'GET', headers: request.headers, body: await buffer(request) };
}

function send(response: ServerResponse, reply: Reply | undefined): void {
  if (reply === undefined) response.destroy();
  else response.writeHead(reply.status, { 'content-type': 'application/json' }).end(reply.body);
}
