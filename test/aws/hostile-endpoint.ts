import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { close, listen } from '../../local/listening.ts';

/**
 * The faults of an endpoint. Before the last three the service has done what it was asked, and the client does not see it:
 * `lost` resets the connection, `half` ends it inside the answer, `short` and `long` announce another length.
 */
const FAULTS = ['reset', 'throttled', 'error', 'page', 'silent', 'lost', 'half', 'short', 'long'] as const;
type Fault = (typeof FAULTS)[number];

/** Faults that take a whole time-out: a few are enough. */
const SLOW: readonly Fault[] = ['silent', 'long'];

/** One call less than our client tries: with one more try each call succeeds. */
const MOST_IN_A_ROW = 2;

/** An endpoint in front of a service that does all kinds of harm, but never more often to one call than it is tried. */
export async function hostileEndpoint(service: string, random: () => number) {
  const met = new Map<string, number>();
  const counts: Partial<Record<Fault, number>> = {};
  const faultFor = (call: string): Fault | undefined => {
    const before = met.get(call) ?? 0;
    const fault = FAULTS[Math.floor(random() * FAULTS.length)];
    const isSpared = before >= MOST_IN_A_ROW || random() < 0.4 || fault === undefined;
    if (isSpared || (SLOW.includes(fault) && random() < 0.8)) {
      met.delete(call);
      return undefined;
    }
    met.set(call, before + 1);
    counts[fault] = (counts[fault] ?? 0) + 1;
    return fault;
  };
  const server = createServer(async (asked, response) => {
    const body = await text(asked);
    const fault = faultFor(`${asked.headers['x-amz-target']}${body}`);
    // A connection that is cut when the test ends.
    await harm(fault, response, () => pass(service, asked, body)).catch(() => response.destroy());
  });
  const url = await listen(server);
  return { url, counts, stop: () => close(server) };
}

type Passed = { readonly status: number; readonly body: string };

async function harm(fault: Fault | undefined, response: ServerResponse, passed: () => Promise<Passed>): Promise<void> {
  const say = (status: number, body: string) => response.writeHead(status, { connection: 'keep-alive' }).end(body);
  switch (fault) {
    case 'silent':
      return;
    case 'reset':
      return void response.socket?.resetAndDestroy();
    case 'throttled':
      return void say(400, '{"__type":"com.amazonaws#ThrottlingException","message":"slow down"}');
    case 'error':
      return void say(500, '{"__type":"InternalServerError"}');
    case 'page':
      return void say(200, '<html>a proxy</html>');
  }
  const { status, body } = await passed();
  const announce = (length: number) => response.writeHead(status, { 'content-length': length });
  const half = body.slice(0, body.length / 2);
  if (fault === 'lost') response.socket?.resetAndDestroy();
  else if (fault === 'half') announce(Buffer.byteLength(body)).write(half, () => response.socket?.destroy());
  else if (fault === 'short') {
    response.strictContentLength = false;
    announce(Buffer.byteLength(half)).end(body);
  } else if (fault === 'long') announce(Buffer.byteLength(body) + 10).write(body);
  else say(status, body);
}

function pass(service: string, { headers }: IncomingMessage, body: string): Promise<Passed> {
  return new Promise((resolve, reject) => {
    const { host: _, connection: __, ...sent } = headers;
    const asked = request(service, { method: 'POST', headers: sent }, async (response) =>
      resolve({ status: response.statusCode ?? 0, body: await text(response) }),
    );
    asked.on('error', reject).end(body);
  });
}
