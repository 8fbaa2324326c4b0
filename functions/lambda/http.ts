import { Buffer } from 'node:buffer';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { errorLine, type Log } from './log.ts';
import type { HttpHandler, HttpReply, HttpRequest } from './request.ts';

/** A handler behind API Gateway's HTTP API or a Lambda function URL (payload format 2.0). */
export const httpDoor = (handle: HttpHandler, log: Log) =>
  middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
    .use(answerBugs(log))
    .handler(async (event) => {
      const started = performance.now();
      const request = requestOf(event);
      const reply = await handle(request);
      const duration_ms = Math.round(performance.now() - started);
      log('info', 'request', { id: request.id, status: reply.status, duration_ms, ...reply.line });
      return resultOf(reply);
    });

/** A bug is answered without saying anything about it, and logged. */
const answerBugs = (log: Log): middy.MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> => ({
  onError: ({ event, error }) => {
    const id = event.requestContext.requestId;
    log('error', 'bug', { id, ...errorLine(error) });
    return resultOf({ status: 500, body: { code: 'internal', request_id: id } });
  },
});

const requestOf = ({
  requestContext,
  rawPath,
  headers,
  body,
  isBase64Encoded,
}: APIGatewayProxyEventV2): HttpRequest => ({
  id: requestContext.requestId,
  method: requestContext.http.method,
  path: rawPath,
  headers: inLowerCase(headers),
  body: isBase64Encoded ? Buffer.from(body ?? '', 'base64') : (body ?? ''),
});

/** Names as HTTP compares them. A null prototype: no header is mistaken for what every object has. */
function inLowerCase(headers: APIGatewayProxyEventV2['headers']): HttpRequest['headers'] {
  const named: Record<string, string | undefined> = Object.create(null);
  for (const name in headers) named[name.toLowerCase()] = headers[name];
  return named;
}

const resultOf = ({ status, body, headers }: HttpReply): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(body),
});
