import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';

/** The only address to listen on: the servers have development secrets and no encryption. */
export const LOOPBACK = '127.0.0.1';

/** Listens on this machine, for this machine only. Returns the URL. Port 0 means any free port. */
export async function listen(server: Server, port = 0): Promise<string> {
  guard(server);
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on a path, not on a port');
  return `http://${LOOPBACK}:${address.port}`;
}

/**
 * Refuses requests that a web page makes: they have the origin of the page, or, where its name resolves to this machine
 * (DNS rebinding), its host. Without this a page could read every binding here, as two of the servers need no secret.
 */
export function guard(server: Server): void {
  const listeners = server.listeners('request');
  server.removeAllListeners('request').on('request', (request, response) => {
    const problem = problemOf(request);
    if (problem === undefined) {
      for (const each of listeners) Reflect.apply(each, server, [request, response]);
      return;
    }
    response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify({ message: problem }));
    request.resume();
  });
}

function problemOf({ headers: { host, origin }, socket: { localPort } }: IncomingMessage): string | undefined {
  const hosts = [LOOPBACK, 'localhost', '[::1]'].flatMap((name) =>
    localPort === 80 ? [name, `${name}:80`] : [`${name}:${localPort}`],
  );
  if (!hosts.includes(`${host}`.toLowerCase())) return `the header Host must be one of ${hosts.join(', ')}`;
  if (origin === undefined || hosts.some((one) => origin === `http://${one}`)) return undefined;
  return `the header Origin must be left out: web pages cannot call this server`;
}

/** Cuts open connections. Resolves when the server is closed. */
export const close = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
