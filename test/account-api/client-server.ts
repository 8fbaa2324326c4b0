import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { accountApiClient } from '../../functions/account-api/client.ts';
import type { AccountApiClientOptions } from '../../functions/account-api/transport.ts';
import { AccountId, AccountType, Token } from '../../functions/core/account.ts';
import { serving } from '../conformance/http-server.ts';

export const T0 = Date.parse('2026-01-01T00:00:00Z');

export const token = (text: string) => Token.parse(text);
export const account = (id: string, type = 0) => ({ id: AccountId.parse(id), type: AccountType.parse(type) });

/** A request that a test's API received. */
type Sent = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string };

/** Answers one request. `attempt` counts from 1. */
export type Answer = (response: ServerResponse, sent: Sent, attempt: number) => void;

export const says =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

/** A client, and an API whose answers the test decides. Both close with the test. */
export async function talking(answer: Answer, options: Partial<AccountApiClientOptions> = {}) {
  const sent: Sent[] = [];
  const { url, server, close } = await serving(async (incoming, response) => {
    const request = { path: incoming.url ?? '', headers: incoming.headers, body: await text(incoming) };
    sent.push(request);
    answer(response, request, sent.length);
  });
  const client = clientOf({ url, ...options });
  onTestFinished(close);
  return { client, sent, url, server };
}

/** A client with a deadline that is long enough for this machine. A test may shorten it. */
export function clientOf(options: Partial<AccountApiClientOptions> & { url: string }) {
  const client = accountApiClient({
    app: 'an-app',
    secret: 'a secret',
    dialect: 'tpns',
    authentication: 'basic',
    timeoutMs: 20_000,
    now: () => T0,
    ...options,
  });
  onTestFinished(client.close);
  return client;
}
