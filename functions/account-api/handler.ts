import type { App, AppId } from '../core/configuration.ts';
import { orUnavailable } from '../core/outcome.ts';
import {
  bytesIn,
  type HttpHandler,
  type HttpReply,
  type HttpRequest,
  jsonIn,
  MAX_BODY_BYTES,
} from '../lambda/request.ts';
import { type OperatePorts, operate } from './operate.ts';
import { query } from './query.ts';
import { failed } from './reply.ts';
import { type AppSecret, appSecret, credentialIn, isProven } from './wire/credentials.ts';
import { type Endpoint, endpointAt } from './wire/endpoint.ts';
import type { Problem } from './wire/statuses.ts';

export type AccountApiPorts = AuthenticationPorts & OperatePorts;

/**
 * The Account API of XG v3 and of TPNS: `batchoperate` and `query`. The app whose credential is given decides the
 * dialect. The contract, with every status and code, is docs/account-api.md.
 */
export const accountApiHandler =
  (ports: AccountApiPorts): HttpHandler =>
  async (request) => {
    const endpoint = endpointAt(request.path);
    if (endpoint === undefined) return failed({}, { problem: 'unknownPath' });
    if (request.method !== 'POST') return { ...failed({}, { problem: 'notPost' }), headers: { allow: 'POST' } };
    if (bytesIn(request.body) > MAX_BODY_BYTES) return failed({}, { problem: 'tooLarge' });
    const authentic = await authenticate(ports, request);
    if ('app' in authentic) return answer(ports, authentic.app, endpoint, request);
    const { named, problem, reason } = authentic;
    return failed({ app: named, endpoint }, { problem }, reason);
  };

async function answer(
  ports: AccountApiPorts,
  app: App,
  endpoint: Endpoint,
  { id, body }: HttpRequest,
): Promise<HttpReply> {
  const json = jsonIn(body);
  if (json === undefined) return failed({ app, endpoint }, { problem: 'malformed' });
  return endpoint === 'query' ? query(ports.store, app, json.value) : operate(ports, app, { id, json: json.value });
}

type AuthenticationPorts = {
  readonly apps: ReadonlyMap<string, App>;
  /** An app's live secrets, newest first. May reject with `Unavailable`. */
  readonly secretsOf: (app: AppId) => Promise<readonly AppSecret[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How far a signature's time may be from ours, either way. Ten minutes unless given. */
  readonly signatureWindowMs?: number;
};

/** XG v2 allowed a request to be 600 s old; TPNS says nothing. */
const WINDOW_MS = 600_000;

/** Compared with where the app is not known, so that a wrong name takes the work of a wrong secret. Proves nothing. */
const NOBODY: readonly AppSecret[] = [appSecret('the secret of no app')];

/** The app a request is proven to be of, or why there is none; `named` is the app it claims to be of, if that exists. */
type Authentication =
  | { readonly app: App }
  | { readonly named: App | undefined; readonly problem: Problem; readonly reason?: string };

/** Whose request it is. Everything the request may touch follows from this app, nothing from the body. */
async function authenticate(ports: AuthenticationPorts, request: HttpRequest): Promise<Authentication> {
  const credential = credentialIn(request.headers);
  if (credential === undefined) return { named: undefined, problem: 'notAuthenticated' };
  const app = ports.apps.get(credential.app);
  const secrets = app === undefined ? NOBODY : await orUnavailable(() => ports.secretsOf(app.id));
  if ('kind' in secrets) return { named: app, problem: 'unavailable', reason: secrets.reason };
  const attempt = { body: request.body, nowMs: ports.now(), windowMs: ports.signatureWindowMs ?? WINDOW_MS };
  const isProof = isProven(credential, secrets, attempt);
  return isProof && app !== undefined ? { app } : { named: app, problem: 'notAuthenticated' };
}
