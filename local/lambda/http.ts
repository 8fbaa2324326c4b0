import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { OTHER_ROUTES, ROUTES } from '../../infra/settings.ts';
import { LOOPBACK, listen } from '../listening.ts';
import { hasCode, reasonOf, UserError } from '../user-error.ts';
import { type HttpFunction, type HttpFunctions, invoke, TimedOut, takingTurns } from './invoke.ts';

/** The function at a route of API Gateway, such as `/events/{source}`, and the values of the route's parameters. */
type Match = {
  readonly path: string;
  readonly local: HttpFunction;
  readonly parameters: Readonly<Record<string, string>>;
};

/**
 * Finds the route of a path, among those whose function is deployed. A parameter is one whole segment or, with `+`, the
 * rest. A trailing slash makes another path.
 */
function matchOf(functions: HttpFunctions, rawPath: string): Match {
  for (const { path, door } of [...ROUTES, ...OTHER_ROUTES]) {
    const local = functions[door];
    if (local === undefined) continue;
    if (path === '$default') return { path, local, parameters: {} };
    const pattern = path.replace(/\{(\w+)(\+?)\}/g, (_, name, rest) => `(?<${name}>${rest ? '.+' : '[^/]+'})`);
    const found = new RegExp(`^${pattern}$`).exec(rawPath);
    if (found) return { path, local, parameters: mapped(found.groups ?? {}, decoded) };
  }
  throw new Error('bug: no route takes all other paths');
}

/** Converts a request to payload format 2.0 (API Gateway, "AWS Lambda proxy integrations for HTTP APIs"). */
function eventOf(request: IncomingMessage, match: Match, body: Buffer): APIGatewayProxyEventV2 {
  const [path, query] = pathAndQuery(request);
  const rawPath = decoded(path);
  const routeKey = match.path === '$default' ? match.path : `ANY ${match.path}`;
  // Compressed bytes are no text. Whether AWS decodes them is not documented: the doors take both.
  const { cookie, 'content-encoding': encoding, 'content-type': type = '' } = request.headers;
  const contentType = encoding === undefined ? type : '';
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString: query,
    ...(cookie !== undefined && { cookies: cookie.split(/; */) }),
    headers: headersOf(request),
    ...(query !== '' && { queryStringParameters: parametersOf(query) }),
    requestContext: contextOf(request, rawPath, routeKey),
    ...(Object.keys(match.parameters).length > 0 && { pathParameters: match.parameters }),
    ...bodyFields(body, contentType),
  };
}

export function pathAndQuery({ url = '/' }: IncomingMessage): [path: string, query: string] {
  const mark = url.indexOf('?');
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** In spite of the name `rawPath`, API Gateway decodes every escape except that of `%`. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path.replaceAll('%25', '%2525'));
  } catch {
    return path;
  }
}

/** Names in lower case, values of one name joined with commas. Cookies have a field of their own. */
function headersOf({ headersDistinct, socket }: IncomingMessage): Record<string, string> {
  const { cookie: _, ...sent } = headersDistinct;
  return {
    ...mapped(sent, (values) => (values ?? []).join(',')),
    'x-forwarded-for': [...(sent['x-forwarded-for'] ?? []), LOOPBACK].join(', '),
    'x-forwarded-port': `${socket.localPort}`,
    'x-forwarded-proto': 'http',
  };
}

/** Values of one name are joined with commas. */
function parametersOf(query: string): Record<string, string> {
  const parameters = new URLSearchParams(query);
  return Object.fromEntries([...parameters.keys()].map((name) => [name, parameters.getAll(name).join(',')]));
}

function contextOf(request: IncomingMessage, path: string, routeKey: string): APIGatewayProxyEventV2['requestContext'] {
  const { host = '', 'user-agent': userAgent = '' } = request.headers;
  const now = new Date();
  const protocol = `HTTP/${request.httpVersion}`;
  return {
    accountId: '000000000000',
    apiId: 'local',
    domainName: host,
    domainPrefix: host.split('.')[0] ?? '',
    http: { method: request.method ?? 'GET', path, protocol, sourceIp: LOOPBACK, userAgent },
    requestId: randomUUID(),
    routeKey,
    stage: '$default',
    // 22/Nov/2026:09:30:00 +0000
    time: now.toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) ([\d:]+) GMT$/, '$1/$2/$3:$4 +0000'),
    timeEpoch: now.getTime(),
  };
}

function bodyFields(body: Buffer, contentType: string): Pick<APIGatewayProxyEventV2, 'body' | 'isBase64Encoded'> {
  if (body.length === 0) return { isBase64Encoded: false };
  const isText = isTextType(contentType);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

/**
 * Bodies of these types arrive as text, all others in base64, also forms, `application/*+json` and bodies without a type.
 * AWS does not document the list: https://github.com/ministackorg/ministack/pull/766 observed it.
 */
function isTextType(contentType: string): boolean {
  const type = contentType.split(';', 1).join().trim().toLowerCase();
  return type.startsWith('text/') || ['application/json', 'application/javascript', 'application/xml'].includes(type);
}

const mapped = <V, W>(record: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

/** Limits of API Gateway in bytes: for the body, and for request line and headers together. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const MAX_HEADER_BYTES = 10_240;

/**
 * Executions at the same time. One process replaces all that Lambda would start. With more executions, each would wait
 * for the others until its calls time out.
 */
const AT_ONCE = 16;

/** The longest time a stop waits for answers under way (ms). */
const GRACE_MS = 1_000;

/** A request that a function has answered, for a page that shows it. */
export type Exchange = {
  readonly event: APIGatewayProxyEventV2;
  readonly result: APIGatewayProxyStructuredResultV2;
  readonly tookMs: number;
};

/** A page at the address of the doors. */
export type FrontPage = {
  /** Answers a request of the page; returns false for the requests of the doors. */
  readonly serves: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly saw: (exchange: Exchange) => void;
  /** Ends the answers that would never end. */
  readonly close: () => void;
};

/** Replaces the HTTP API of API Gateway: the deployed routes, payload format 2.0, and the answers of the gateway itself. */
export async function startHttpFront(functions: HttpFunctions, port: number, page?: FrontPage) {
  const inTurn = takingTurns(AT_ONCE);
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    if (page?.serves(request, response)) return;
    answer(functions, request, inTurn, page)
      .then((result) => send(response, result))
      // The client has hung up in the middle of the body.
      .catch(() => response.destroy());
  });
  const url = await listen(server, port).catch((error: unknown) => {
    if (hasCode(error, 'EADDRINUSE'))
      throw new UserError(`port ${port} is in use: choose another with --port, 0 is any`);
    throw new UserError(`port ${port} cannot be listened on: ${reasonOf(error)}`);
  });
  const stop = () => {
    page?.close();
    return drained(server);
  };
  return { url, stop };
}

/** Accepts no more connections, and cuts those that are still open after the grace time. */
async function drained(server: ReturnType<typeof createServer>): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(cut);
}

async function answer(
  functions: HttpFunctions,
  request: IncomingMessage,
  inTurn: ReturnType<typeof takingTurns>,
  page: FrontPage | undefined,
): Promise<APIGatewayProxyStructuredResultV2> {
  const body = await bodyOf(request);
  if (body === undefined) return message(413, 'Request Entity Too Large');
  const [path] = pathAndQuery(request);
  const match = matchOf(functions, path);
  const event = eventOf(request, match, body);
  const result = await inTurn(() => invoke(match.local, event)).catch(failure);
  page?.saw({ event, result, tookMs: Date.now() - event.requestContext.timeEpoch });
  return { ...result, headers: { ...result.headers, 'apigw-requestid': event.requestContext.requestId } };
}

/** Returns the body; undefined if it is too long. Reads a long body to its end, so that the client sees the answer. */
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
