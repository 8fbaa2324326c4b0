import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** An answer of the script. `drop`: the connection is closed. `hang`: nothing comes. */
export type Scripted =
  | 'drop'
  | 'hang'
  | {
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    };

type Received = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string };

export const APPLIED = { outcome: 'applied', events: [{ id: 'msg_1', outcome: 'applied' }], request_id: 'r1' };

/** Starts an HTTP server that answers from a script, and afterwards that events are applied. It keeps what it received. */
export async function scriptedServer(...script: Scripted[]) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    received.push({ path: request.url ?? '', headers: request.headers, body: await text(request) });
    const answer = script.shift() ?? { status: 200, body: APPLIED };
    if (answer === 'drop') request.socket.destroy();
    if (typeof answer === 'string') return;
    const content = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
    response.writeHead(answer.status, answer.headers).end(content);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // A server that listens on a port has an address with one.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, received };
}
