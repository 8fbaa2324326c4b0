import type { App, AppId } from '../core/configuration.ts';
import { orUnavailable } from '../core/outcome.ts';
import { type AppSecret, appSecret, credentialIn, isProven } from '../wire/credentials.ts';
import type { Problem } from '../wire/statuses.ts';
import type { HttpRequest } from './http.ts';

export type AuthenticationPorts = {
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
export async function authenticate(ports: AuthenticationPorts, request: HttpRequest): Promise<Authentication> {
  const credential = credentialIn(request.headers);
  if (credential === undefined) return { named: undefined, problem: 'notAuthenticated' };
  const app = ports.apps.get(credential.app);
  const secrets = app === undefined ? NOBODY : await orUnavailable(() => ports.secretsOf(app.id));
  if ('kind' in secrets) return { named: app, problem: 'unavailable', reason: secrets.reason };
  const attempt = { body: request.body, nowMs: ports.now(), windowMs: ports.signatureWindowMs ?? WINDOW_MS };
  const isProof = isProven(credential, secrets, attempt);
  return isProof && app !== undefined ? { app } : { named: app, problem: 'notAuthenticated' };
}
