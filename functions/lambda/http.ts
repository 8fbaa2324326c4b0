import { Buffer } from 'node:buffer';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { INVOCATION } from './environment.ts';
import { type Log, logBugs } from './log.ts';
import type { HttpHandler, HttpReply, HttpRequest } from './request.ts';

/** A handler behind API Gateway's HTTP API or a Lambda function URL (payload format 2.0). */
export const httpDoor = (handle: HttpHandler, log: Log) =>
  middy<APIGatewayProxyEventV2, LoggedResult>()
    .use(requestLine(log))
    .use(logBugs<APIGatewayProxyEventV2>(log, ({ requestContext }) => ({ id: requestContext.requestId })))
    .handler(async (event) => {
      const request = requestOf(event);
      const isRoot = request.path === '/' && ['GET', 'HEAD'].includes(request.method);
      const { line, ...reply } = isRoot ? ROOT : await handle(request);
      return { ...resultOf(reply, request.id), ...(line && { line }) };
    });

/** The answer to a person who opens the address. */
const ROOT: HttpReply = {
  status: 200,
  body: {
    service: 'Bindery: which accounts are signed in on which devices, for push',
    events: 'POST /events/{source}, signed: docs/events.md',
    account_api: 'POST /v3/device/account/batchoperate and query: docs/account-api.md',
    phones: 'POST /devices/{app}/sign-in and sign-out, if deployed: docs/phone.md',
    senders: 'POST /v1/resolve and /v1/devices, if deployed: docs/sending.md',
    docs: 'README.md and docs/ in the repository of this service',
  },
};

/** A result with the fields that the handler adds to the log line of its request. */
type LoggedResult = APIGatewayProxyStructuredResultV2 & { readonly line?: HttpReply['line'] };

/** Logs one line for each request that was answered. A bug is answered with 500 and no detail. */
const requestLine = (
  log: Log,
): middy.MiddlewareObj<APIGatewayProxyEventV2, LoggedResult, Error, Context, { startedMs: number }> => ({
  before: ({ internal, context }) => {
    INVOCATION.endsMs = Date.now() + (context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY);
    internal.startedMs = performance.now();
  },
  after: (request) => {
    const { line, ...result } = request.response ?? {};
    const duration_ms = Math.round(performance.now() - request.internal.startedMs);
    log('info', 'request', {
      id: request.event.requestContext.requestId,
      status: result.statusCode,
      duration_ms,
      ...line,
    });
    request.response = result;
  },
  onError: (request) => {
    const { requestId } = request.event.requestContext;
    request.response = resultOf({ status: 500, body: { code: 'internal', request_id: requestId } }, requestId);
  },
});

const requestOf = ({
  requestContext,
  rawPath,
  rawQueryString,
  headers,
  body,
  isBase64Encoded,
}: APIGatewayProxyEventV2): HttpRequest => ({
  id: requestContext.requestId,
  method: requestContext.http.method,
  // Some senders join an address that ends in a slash with a path that begins with one.
  path: rawPath.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, ''),
  query: rawQueryString,
  headers: inLowerCase(headers),
  body: isBase64Encoded ? Buffer.from(body ?? '', 'base64') : (body ?? ''),
});

/** Header names in lower case. The null prototype keeps names such as `constructor` from finding what objects inherit. */
function inLowerCase(headers: APIGatewayProxyEventV2['headers']): HttpRequest['headers'] {
  const named: Record<string, string | undefined> = Object.create(null);
  for (const name in headers) named[name.toLowerCase()] = headers[name];
  return named;
}

const resultOf = ({ status, body, headers }: HttpReply, requestId: string): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    'cache-control': 'no-store',
    'bindery-request-id': requestId,
    ...headers,
  },
  ...(Buffer.isBuffer(body)
    ? { body: body.toString('base64'), isBase64Encoded: true }
    : { body: JSON.stringify(body) }),
});
