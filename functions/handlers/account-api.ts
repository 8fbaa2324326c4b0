import type { App } from '../core/configuration.ts';
import { type Endpoint, endpointAt } from '../wire/endpoint.ts';
import { type AuthenticationPorts, authenticate } from './account-api-authentication.ts';
import { type OperatePorts, operate } from './account-api-operate.ts';
import { query } from './account-api-query.ts';
import { failed } from './account-api-reply.ts';
import { bytesIn, type HttpHandler, type HttpReply, type HttpRequest, MAX_BODY_BYTES } from './http.ts';
import { jsonIn } from './json.ts';

export type AccountApiPorts = AuthenticationPorts & OperatePorts;

/**
 * The Account API of XG v3 and of TPNS: `batchoperate` and `query`. The app whose credential is given decides the
 * dialect. The contract, with every status and code, is docs/account-api.md.
 */
export const accountApiHandler =
  (ports: AccountApiPorts): HttpHandler =>
  async (request) => {
    const endpoint = endpointAt(request.path);
    if (endpoint === undefined) return failed({}, { problem: 'unknownPath' });
    if (request.method !== 'POST') return { ...failed({}, { problem: 'notPost' }), headers: { allow: 'POST' } };
    if (bytesIn(request.body) > MAX_BODY_BYTES) return failed({}, { problem: 'tooLarge' });
    const authentic = await authenticate(ports, request);
    if ('app' in authentic) return answer(ports, authentic.app, endpoint, request);
    const { named, problem, reason } = authentic;
    return failed({ app: named, endpoint }, { problem }, reason);
  };

async function answer(
  ports: AccountApiPorts,
  app: App,
  endpoint: Endpoint,
  { id, body }: HttpRequest,
): Promise<HttpReply> {
  const json = jsonIn(body);
  if (json === undefined) return failed({ app, endpoint }, { problem: 'malformed' });
  return endpoint === 'query' ? query(ports.store, app, json.value) : operate(ports, app, { id, json: json.value });
}
