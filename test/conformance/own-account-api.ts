import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { AccountApiPorts } from '../../functions/account-api/handler.ts';
import { appSecret } from '../../functions/account-api/wire/credentials.ts';
import { App } from '../../functions/core/configuration.ts';
import type { HttpHandler, HttpReply, HttpRequest } from '../../functions/lambda/request.ts';
import { world } from '../world/account-api.ts';
import { type Running, serving } from './http-server.ts';

/** One app in each dialect under each policy. */
export const APPS = [
  App.parse({ id: 'xg-many', dialect: 'xg', platform: 'android' }),
  App.parse({ id: 'xg-typed', dialect: 'xg', platform: 'ios', policy: 'one-per-type' }),
  App.parse({ id: 'tpns-many', dialect: 'tpns', platform: 'ios', policy: 'many' }),
  App.parse({ id: 'tpns-typed', dialect: 'tpns', platform: 'android', policy: 'one-per-type' }),
];

export const secretOf = (app: string): string => `the secret of ${app}: it has a colon`;

/** The real handler over a registry in memory, with our clock and the apps above. */
export const ownHandler = (other: Partial<AccountApiPorts> = {}): HttpHandler =>
  world({
    apps: new Map(APPS.map((app) => [`${app.id}`, app])),
    secretsOf: async (app) => [appSecret(secretOf(app))],
    now: Date.now,
    ...other,
  }).handle;

/** An Account API over HTTP. Default: our own handler. */
export const ownAccountApi = (handle = ownHandler()): Promise<Running> => serving(listenerOf(handle));

/** The work of API Gateway and `httpDoor` between a connection and a handler. */
const listenerOf =
  (handle: HttpHandler): RequestListener =>
  async (incoming, response) => {
    send(response, await handle(await requestOf(incoming)));
  };

const requestOf = async (incoming: IncomingMessage): Promise<HttpRequest> => ({
  id: randomUUID(),
  method: incoming.method ?? '',
  path: new URL(incoming.url ?? '', 'http://localhost').pathname,
  headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, value?.toString()])),
  body: await buffer(incoming),
});

function send(response: ServerResponse, { status, headers, body }: HttpReply): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
