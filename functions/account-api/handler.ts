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
import { isHosted, passOn } from './pass-through.ts';
import { query } from './query.ts';
import { failed } from './reply.ts';
import { type AppSecret, appSecret, credentialIn, isProven } from './wire/credentials.ts';
import { type Endpoint, endpointAt } from './wire/endpoint.ts';
import { OperateRequests } from './wire/operate.ts';
import { QueryRequests } from './wire/query.ts';
import { type Problem, readRequest } from './wire/statuses.ts';

export type AccountApiPorts = AuthenticationPorts & OperatePorts;

/**
 * The Account API of XG v3 and of TPNS: `batchoperate` and `query`. The app of the credential decides the dialect. The
 * contract, with every status and code, is docs/account-api.md. Other paths go on to the hosted API of an app that has it
 * so, once the app's credential is proven.
 */
export const accountApiHandler = (ports: AccountApiPorts): HttpHandler => {
  const passes = [...ports.apps.values()].some(({ mirror }) => mirror?.passThrough);
  return async (request) => {
    const endpoint = endpointAt(request.path);
    if (endpoint === undefined && !(passes && isHosted(request.path))) return failed({}, { problem: 'unknownPath' });
    if (request.method !== 'POST') return { ...failed({}, { problem: 'notPost' }), headers: { allow: 'POST' } };
    if (bytesIn(request.body) > MAX_BODY_BYTES) return failed({}, { problem: 'tooLarge' });
    const authentic = await authenticate(ports, request);
    if ('app' in authentic) return answer(ports, authentic.app, endpoint, request);
    const { named, problem, reason } = authentic;
    return failed({ app: named, endpoint: endpoint ?? 'operate' }, { problem }, reason);
  };
};

const NOT_JSON = { path: '', message: 'the body is not JSON in UTF-8' };

async function answer(
  ports: AccountApiPorts,
  app: App,
  endpoint: Endpoint | undefined,
  request: HttpRequest,
): Promise<HttpReply> {
  if (endpoint === undefined)
    return app.mirror?.passThrough ? passOn(app, app.mirror, request) : failed({}, { problem: 'unknownPath' });
  const json = jsonIn(request.body);
  if (json === undefined) return failed({ app, endpoint }, { problem: 'malformed', issue: NOT_JSON });
  if (endpoint === 'query') {
    const read = readRequest(QueryRequests[app.dialect], json.value, app.platform);
    return 'problem' in read ? failed({ app, endpoint }, read) : query(ports, app, read.request);
  }
  const read = readRequest(OperateRequests[app.dialect], json.value, app.platform);
  return 'problem' in read ? failed({ app, endpoint }, read) : operate(ports, app, read.request, request.id);
}

type AuthenticationPorts = {
  readonly apps: ReadonlyMap<string, App>;
  /** Returns an app's live secrets, newest first; undefined for one that cannot be used. May reject with `Unavailable`. */
  readonly secretsOf: (app: AppId) => Promise<readonly (AppSecret | undefined)[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The most that a signature's time may differ from ours (ms). Default: ten minutes. */
  readonly signatureWindowMs?: number;
};

/** XG v2 allowed a request to be 600 s old; the TPNS document gives no limit. */
const WINDOW_MS = 600_000;

/** Compared if the app is unknown, so that an unknown app takes as long as a wrong secret. A match proves nothing. */
const DECOY: readonly AppSecret[] = [appSecret('the secret of no app')];

/** The app that the credential proves, or the problem. `named`: the app that the credential names, if it exists. */
type Authentication =
  | { readonly app: App }
  | { readonly named: App | undefined; readonly problem: Problem; readonly reason?: string };

/** Returns the app of a request. This app alone, and never the body, decides which bindings the request may change. */
async function authenticate(ports: AuthenticationPorts, request: HttpRequest): Promise<Authentication> {
  const credential = credentialIn(request.headers);
  if (credential === undefined) return { named: undefined, problem: 'notAuthenticated' };
  const app = ports.apps.get(credential.app);
  const secrets = app === undefined ? DECOY : await orUnavailable(() => ports.secretsOf(app.id));
  if ('kind' in secrets) return { named: app, problem: 'unavailable', reason: secrets.reason };
  const attempt = { body: request.body, nowMs: ports.now(), windowMs: ports.signatureWindowMs ?? WINDOW_MS };
  const usable = secrets.filter((secret) => secret !== undefined);
  const isProof = isProven(credential, usable, attempt);
  if (isProof && app !== undefined) return { app };
  // The newest secret may be the one that the client has.
  if (app !== undefined && secrets[0] === undefined)
    return { named: app, problem: 'unavailable', reason: 'secret_unusable' };
  return { named: app, problem: 'notAuthenticated' };
}
