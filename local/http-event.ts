import type { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { LOOPBACK } from './listening.ts';

/** A route as API Gateway knows it: `/events/{source}`. */
export type Match = { readonly path: string; readonly parameters: Readonly<Record<string, string>> };

/** The route a request's path belongs to. A parameter is one whole segment; a trailing slash is another path. */
export function matchOf(paths: readonly string[], rawPath: string): Match | undefined {
  for (const path of paths) {
    const pattern = path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    const found = new RegExp(`^${pattern}$`).exec(rawPath);
    if (found) return { path, parameters: mapped(found.groups ?? {}, decoded) };
  }
  return undefined;
}

/** A request in payload format 2.0 (API Gateway, "AWS Lambda proxy integrations for HTTP APIs"). */
export function eventOf(request: IncomingMessage, match: Match, body: Buffer): APIGatewayProxyEventV2 {
  const [path, query] = pathAndQuery(request);
  const rawPath = decoded(path);
  const routeKey = `ANY ${match.path}`;
  const { cookie, 'content-type': contentType = '' } = request.headers;
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
    ...bodyOf(body, contentType),
  };
}

export function pathAndQuery({ url = '/' }: IncomingMessage): [path: string, query: string] {
  const mark = url.indexOf('?');
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** `rawPath` is raw in name only: API Gateway decodes every escape but that of `%` itself. */
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

function bodyOf(body: Buffer, contentType: string): Pick<APIGatewayProxyEventV2, 'body' | 'isBase64Encoded'> {
  if (body.length === 0) return { isBase64Encoded: false };
  const isText = isTextType(contentType);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

/**
 * Bodies of these types arrive as text; all others in base64, those of forms, of `application/*+json` and without a type
 * too. AWS does not document the list: https://github.com/ministackorg/ministack/pull/766 observed it.
 */
function isTextType(contentType: string): boolean {
  const type = contentType.split(';', 1).join().trim().toLowerCase();
  return type.startsWith('text/') || ['application/json', 'application/javascript', 'application/xml'].includes(type);
}

const mapped = <V, W>(record: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
