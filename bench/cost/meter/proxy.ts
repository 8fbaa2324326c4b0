import { createServer, type IncomingMessage } from 'node:http';
import { json as jsonOf } from 'node:stream/consumers';
import { request as send } from 'undici';
import { listen } from '../../../local/listening.ts';
import type { Units } from '../units.ts';

type Json = Readonly<Record<string, unknown>>;
type Reply = { readonly status: number; readonly body: Json };

/** Makes a call of the service behind the proxy. */
export type Forward = (action: string, input: Json) => Promise<Reply>;

/** Answers a call and counts what it consumed. */
export type Metered = (
  action: string,
  input: Json,
  forward: Forward,
  count: (units: Partial<Units>) => void,
) => Promise<Reply>;

/** Thrown where nobody waits for the answer any more: that call is not counted. */
class GivenUp extends Error {}

/** A service of AWS's JSON protocols, with somebody who counts in front of it. */
export async function startProxy(
  target: string,
  metered: Metered,
  count: (units: Partial<Units>) => void,
): Promise<string> {
  const server = createServer(async (request, response) => {
    const [prefix = '', action = ''] = `${request.headers['x-amz-target']}`.split('.');
    const forward: Forward = async (name, input) => {
      const reply = await forwarded(target, request, `${prefix}.${name}`, input);
      if (response.destroyed) throw new GivenUp();
      return reply;
    };
    try {
      const { status, body } = await metered(action, await inputOf(request), forward, count);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error;
    }
  });
  return listen(server);
}

// What arrives was written by the AWS SDK: an object.
const inputOf = async (request: IncomingMessage) => (await jsonOf(request)) as Json;

/** The embedded servers look at the signature's form only: it need not be of what is sent. */
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
