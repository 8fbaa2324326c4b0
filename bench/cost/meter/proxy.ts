import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { request as send } from 'undici';
import { listen } from '../../../local/listening.ts';
import type { Units } from '../units.ts';

export type Json = Readonly<Record<string, unknown>>;
export type Reply = { readonly status: number; readonly body: Json };

/** Makes a call of the service behind the proxy. */
export type Forward = (action: string, input: Json) => Promise<Reply>;

export type Count = (units: Partial<Units>) => void;

/** Answers a call and counts the units that it consumes. */
export type Meter = (action: string, input: Json, forward: Forward, count: Count) => Promise<Reply>;

/** The caller has closed its connection. The call is not counted. */
class CallerGone extends Error {}

/** Starts a proxy with a meter in front of a service of AWS's JSON protocols. Returns its URL. */
export async function startProxy(target: string, meter: Meter, count: Count): Promise<string> {
  const server = createServer(async (request, response) => {
    const [prefix = '', action = ''] = `${request.headers['x-amz-target']}`.split('.');
    const forward: Forward = async (name, input) => {
      const reply = await forwarded(target, request, `${prefix}.${name}`, input);
      if (response.destroyed) throw new CallerGone();
      return reply;
    };
    try {
      const input = (await json(request)) as Json; // the AWS SDK sends an object
      const { status, body } = await meter(action, input, forward, count);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
    } catch (error) {
      if (!(error instanceof CallerGone)) throw error;
    }
  });
  return listen(server);
}

/** Forwards the old signature: the embedded servers check its format only, so the body may differ. */
async function forwarded(
  target: string,
  { headers, url = '/' }: IncomingMessage,
  action: string,
  input: Json,
): Promise<Reply> {
  const reply = await send(new URL(url, target), {
    method: 'POST',
    headers: {
      'content-type': `${headers['content-type']}`,
      authorization: `${headers.authorization}`,
      'x-amz-date': `${headers['x-amz-date']}`,
      'x-amz-target': action,
    },
    body: JSON.stringify(input),
  });
  const body = await reply.body.text();
  return { status: reply.statusCode, body: body === '' ? {} : JSON.parse(body) };
}
