import dynalite from 'dynalite';
import { close, listen } from './listening.ts';

export type Running = { readonly url: string; readonly stop: () => Promise<void> };

/** DynamoDB over its real protocol. With a folder, its tables outlive the process, even one that is killed. */
export async function startDynamodb(folder?: string): Promise<Running> {
  const server = dynalite({ createTableMs: 0, ...(folder !== undefined && { path: folder }) });
  // dynalite throws where a client hangs up before its answer, as the SDK does at a timeout: that would end this process.
  server.on('request', (request) => {
    request.removeAllListeners('error');
    request.on('error', () => {});
  });
  return { url: await listen(server), stop: () => close(server) };
}
