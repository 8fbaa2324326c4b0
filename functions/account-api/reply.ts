import type { App } from '../core/configuration.ts';
import type { HttpReply } from '../lambda/request.ts';
import type { Circumstances } from './wire/elements.ts';
import { type Endpoint, failureBody } from './wire/endpoint.ts';
import { type Failure, STATUSES } from './wire/statuses.ts';

/** Who asked for what, as far as it is known when a request fails. */
type Asked = { readonly app?: App | undefined; readonly endpoint?: Endpoint };

type Line = Readonly<Record<string, string | number>>;

/** Says that a request as a whole was not done. `reason` is the world's, where the fault is not the caller's. */
export function failed(
  { app, endpoint }: Asked,
  failure: Omit<Failure, 'kind'>,
  reason?: string,
  line?: Line,
): HttpReply {
  const to = app !== undefined && endpoint !== undefined ? { endpoint, dialect: app.dialect } : undefined;
  const isUnavailable = failure.problem === 'unavailable';
  return {
    status: STATUSES[failure.problem].http,
    body: failureBody(to, { kind: 'failed', ...failure }),
    ...(isUnavailable && { headers: { 'retry-after': '1' } }),
    line: {
      ...(app && { app: app.id }),
      ...line,
      outcome: isUnavailable ? 'unavailable' : 'refused',
      reason: reason ?? failure.problem,
    },
  };
}

/** An app is on one platform. A request that names another was meant for another app. */
export const isOfAnotherPlatform = (app: App, { platform }: Circumstances): boolean =>
  platform !== undefined && platform !== app.platform;

export const OTHER_PLATFORM = {
  problem: 'invalid',
  issue: { path: 'platform', message: 'is not the platform of this app' },
} as const;
