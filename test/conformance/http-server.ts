import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';

export type Running = { readonly url: string; readonly server: Server; readonly close: () => Promise<void> };

/** A server on this machine, on a free port. Closing it closes all its connections. */
export async function serving(listener: RequestListener): Promise<Running> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server listens on a port');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${address.port}`, server, close };
}
