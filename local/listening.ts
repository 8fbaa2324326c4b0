import { once } from 'node:events';
import type { Server } from 'node:http';

/** The only address to listen on: the servers have development secrets and no encryption. */
export const LOOPBACK = '127.0.0.1';

/** Listens on this machine only. Returns the URL. Port 0 means any free port. */
export async function listen(server: Server, port = 0): Promise<string> {
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on a path, not on a port');
  return `http://${LOOPBACK}:${address.port}`;
}

/** Cuts open connections. Resolves when the server is closed. */
export const close = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
