import { type Issue, placesOf } from './issues.ts';
import type { HttpReply, HttpRequest } from './request.ts';

/**
 * A problem of a request. `detail` says what is wrong and what to do, and never quotes an account or a token. `issues`:
 * each fault of the body with its place.
 */
export type Problem = {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly issues?: readonly Issue[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** For the log only, such as the name of the service that failed. */
  readonly reason?: string | undefined;
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
};

/** The answer to a request with a problem, as problem details (RFC 9457). `code` is for programs. */
export const problemReply = (
  request: HttpRequest,
  { status, code, detail, issues, headers, reason }: Problem,
): HttpReply => ({
  status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  body: {
    type: 'about:blank',
    title: TITLES[status] ?? `${status}`,
    status,
    code,
    detail,
    ...(issues && { issues }),
    request_id: request.id,
  },
  line: {
    outcome: status === 503 ? 'unavailable' : 'refused',
    reason: reason ?? code,
    ...(issues && { at: placesOf(issues) }),
  },
});
