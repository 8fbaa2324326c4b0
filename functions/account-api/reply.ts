import type { App } from '../core/configuration.ts';
import type { HttpReply } from '../lambda/request.ts';
import { type Circumstances, sizeOf } from './wire/elements.ts';
import { type Endpoint, failureBody } from './wire/endpoint.ts';
import { type Failure, STATUSES } from './wire/statuses.ts';

/** The app and the endpoint of a request, as far as they are known when it fails. */
type Addressee = { readonly app?: App | undefined; readonly endpoint?: Endpoint };

type LogLine = Readonly<Record<string, string | number>>;

/** Answers that a request as a whole was not done. `reason` is for the log. Default: the failure's problem. */
export function failed(
  { app, endpoint }: Addressee,
  failure: Omit<Failure, 'kind'>,
  reason: string = failure.problem,
  line?: LogLine,
): HttpReply {
  const to = app !== undefined && endpoint !== undefined ? { endpoint, dialect: app.dialect } : undefined;
  const isUnavailable = failure.problem === 'unavailable';
  const outcome = isUnavailable ? 'unavailable' : 'refused';
  return {
    status: STATUSES[failure.problem].http,
    body: failureBody(to, { kind: 'failed', ...failure }),
    ...(isUnavailable && { headers: { 'retry-after': '1' } }),
    line: {
      ...(app && { app: app.id }),
      ...line,
      outcome,
      reason,
      ...(failure.issue?.path && { at: failure.issue.path }),
    },
  };
}

/** The fields of the log that describe a request: never an account, a token or the operator's id. */
export const lineOf = (request: Circumstances & Parameters<typeof sizeOf>[0] & { readonly kind: string }): LogLine => ({
  operation: request.kind,
  elements: sizeOf(request),
  ...(request.operator && { operator: request.operator }),
});
