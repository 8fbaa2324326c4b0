import { Buffer } from 'node:buffer';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { type HttpDoor, ROUTES } from '../infra/settings.ts';
import { eventOf, matchOf, pathAndQuery } from './http-event.ts';
import { invoke, type LocalFunction, TimedOut } from './invocation.ts';
import { listen } from './listening.ts';
import { takingTurns } from './turns.ts';
import { hasCode, reasonOf, UserError } from './user-error.ts';

export type HttpFunction = LocalFunction<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>;
export type HttpFunctions = Readonly<Record<HttpDoor, HttpFunction>>;

/** API Gateway's own limits, in bytes: of a body, and of the request line and headers together. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const MAX_HEADER_BYTES = 10_240;

/**
 * Executions at a time. One process stands in for all that Lambda would start: with more at once each would wait for the
 * others until its calls time out.
 */
const AT_ONCE = 16;

/** How long a stop waits for answers under way (ms). */
const GRACE_MS = 1_000;

/** Stands in for API Gateway's HTTP API: the deployed routes, payload format 2.0, and its own answers where no function gives one. */
export async function startHttpFront(functions: HttpFunctions, port: number) {
  const inTurn = takingTurns(AT_ONCE);
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    answer(functions, request, inTurn)
      .then((result) => send(response, result))
      // Whoever asked has hung up in the middle of the body: there is nobody to answer.
      .catch(() => response.destroy());
  });
  const url = await listen(server, port).catch((error: unknown) => {
    if (hasCode(error, 'EADDRINUSE'))
      throw new UserError(`port ${port} is in use: choose another with --port, 0 is any`);
    throw new UserError(`port ${port} cannot be listened on: ${reasonOf(error)}`);
  });
  return { url, stop: () => drained(server) };
}

/** Takes no more connections, and cuts those that are still open when the grace is over. */
async function drained(server: ReturnType<typeof createServer>): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(cut);
}

async function answer(
  functions: HttpFunctions,
  request: IncomingMessage,
  inTurn: ReturnType<typeof takingTurns>,
): Promise<APIGatewayProxyStructuredResultV2> {
  const body = await bodyOf(request);
  if (body === undefined) return message(413, 'Request Entity Too Large');
  const [path] = pathAndQuery(request);
  const match = matchOf(PATHS, path);
  const door = ROUTES.find((route) => route.path === match?.path)?.door;
  if (match === undefined || door === undefined) return message(404, 'Not Found');
  const event = eventOf(request, match, body);
  const result = await inTurn(() => invoke(functions[door], event)).catch(failure);
  return { ...result, headers: { ...result.headers, 'apigw-requestid': event.requestContext.requestId } };
}

const PATHS = ROUTES.map(({ path }) => path);

/** The body, or nothing where it is too long; the rest of that is read and dropped, so that the client sees the answer. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

const failure = (error: unknown): APIGatewayProxyStructuredResultV2 => {
  console.error(error);
  return error instanceof TimedOut ? message(503, 'Service Unavailable') : message(500, 'Internal Server Error');
};

const message = (statusCode: number, text: string): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message: text }),
});

function send(response: ServerResponse, result: APIGatewayProxyStructuredResultV2): void {
  const { statusCode = 200, headers = {}, cookies = [], body = '', isBase64Encoded } = result;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, `${value}`);
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.writeHead(statusCode).end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
}
