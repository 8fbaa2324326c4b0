import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { listen } from '../../local/listening.ts';

/** A hosted Account API that accepts everything after a few milliseconds, as a process of its own. */
const LATENCY_MS = 5;
const ACCEPTED = '{"ret_code":0,"err_msg":"ok","result":["ok"]}';

const server = createServer(async (request, response) => {
  request.resume();
  await setTimeout(LATENCY_MS);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': ACCEPTED.length }).end(ACCEPTED);
});

process.on('disconnect', () => process.exit());
process.send?.(await listen(server));
