import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import * as z from 'zod';

/** A message as FCM's HTTP v1 API takes it. */
const Request = z.strictObject({
  message: z.strictObject({
    token: z.string().min(1),
    data: z.record(z.string(), z.string()),
    android: z.strictObject({ priority: z.enum(['normal', 'high']), ttl: z.string().regex(/^\d+(?:\.\d+)?s$/) }),
  }),
});
type Message = z.infer<typeof Request>['message'];

/** An answer in the place of the usual one, with its `Retry-After`. */
type Fault = { readonly status: number; readonly code: string; readonly retryAfter?: string };

/** The documented statuses of FCM, by HTTP status. */
const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

/**
 * A stand-in of FCM's HTTP v1 API with its documented errors. It keeps each message until the phone is there, as FCM does
 * for four weeks. `registered`: tokens of phones; all others are answered as unregistered.
 */
export async function fcmStandIn(registered: Set<string>, accessToken: string) {
  const kept: Message[] = [];
  const faults: Fault[] = [];
  const answer = (path: string, authorization: string | undefined, body: string): Fault | Message => {
    if (path !== '/v1/projects/shop/messages:send') return { status: 404, code: '' };
    if (authorization !== `Bearer ${accessToken}`) return { status: 401, code: 'THIRD_PARTY_AUTH_ERROR' };
    const fault = faults.shift();
    if (fault !== undefined) return fault;
    const read = Request.safeParse(JSON.parse(body));
    if (!read.success || read.data.message.token.includes(' ')) return { status: 400, code: 'INVALID_ARGUMENT' };
    const { message } = read.data;
    return registered.has(message.token) ? message : { status: 404, code: 'UNREGISTERED' };
  };
  const server = createServer(async (request, response) => {
    const answered = answer(request.url ?? '', request.headers.authorization, await text(request));
    response.setHeader('content-type', 'application/json');
    if (!('status' in answered)) {
      kept.push(answered);
      response.end(JSON.stringify({ name: `projects/shop/messages/${kept.length}` }, null, 2));
      return;
    }
    const { status, code, retryAfter } = answered;
    const details = [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code }];
    const error = { code: status, message: 'as documented', status: STATUSES[status], ...(code && { details }) };
    response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
    response.end(JSON.stringify({ error }, null, 2));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo; // a TCP server has one
  return { url: `http://127.0.0.1:${port}`, kept, faults, stop: () => void server.close() };
}
