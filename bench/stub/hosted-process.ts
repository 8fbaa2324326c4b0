import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import { listen } from '../../local/listening.ts';

/**
 * A hosted Account API that accepts every call after a given time (ms). It is a process of its own, so that its processor
 * time is not counted. Sends its URL.
 */
const latencyMs = Number(process.argv[2]);

const Elements = z.array(z.unknown()).default([]);
const Body = z.object({ token_accounts: Elements, token_list: Elements });

const server = createServer(async (request, response) => {
  const { token_accounts, token_list } = Body.parse(await json(request));
  await setTimeout(latencyMs);
  const result = Array.from({ length: token_accounts.length + token_list.length }, () => '0');
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ ret_code: 0, err_msg: 'NO_ERROR', result }));
});

process.on('disconnect', () => process.exit());
process.send?.(await listen(server));
