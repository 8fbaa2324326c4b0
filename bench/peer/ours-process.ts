import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { SQSEvent } from 'aws-lambda';
import { startHttpFront } from '../../local/lambda/http.ts';
import { loadDoors } from '../../local/lambda/invoke.ts';
import { listen } from '../../local/listening.ts';
import { CONFIGURATION, CONTEXT } from '../installation.ts';
import { quietConsole, setEnvironment } from '../speed/doors.ts';
import { countDone } from './progress.ts';

/**
 * Bindery in the comparison with the peers, as a process of its own: the doors behind an HTTP server, and the worker behind
 * another one, which the poller calls as Lambda's pollers call a function. Queue and table are the stub's. Sends the URLs
 * of the doors, of the worker and of the queue, and counts messages that are applied.
 */
const [url = ''] = process.argv.slice(2);
const queue = `${url}/000000000000/kept-${process.pid}`;
setEnvironment({ url }, 'kept', queue);
quietConsole();

const { http, apply } = await loadDoors(CONFIGURATION);
const count = countDone();
const front = await startHttpFront(http, 0);
const worker = createServer(async (request, response) => {
  const event = (await json(request)) as SQSEvent; // the poller sends nothing else
  response.end(JSON.stringify(await apply.handler(event, CONTEXT)));
  count(event.Records.length);
});

process.on('disconnect', () => process.exit());
process.send?.({ url: front.url, worker: await listen(worker), queue });
