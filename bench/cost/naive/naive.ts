import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { eventOf } from '../../../local/lambda/event-source.ts';
import { CONTEXT, SOURCE_SECRET, signed } from '../../installation.ts';
import { type Cloud, createQueue, createTable, logLine } from '../cloud.ts';
import { type Deployment, receiveOne, remove } from '../deployment.ts';
import type { MixEvent } from '../mix.ts';
import { sum } from '../units.ts';
import { naiveApi } from './api.ts';
import { naiveDoor } from './door.ts';
import { naiveWorker } from './worker.ts';

/** The lines that Lambda logs of an invocation by default (docs.aws.amazon.com/lambda, "Log formats"). */
const ID = '8f5f2d5e-2a4a-4d3a-9a43-0f6a8d8d6c11';
const SYSTEM_LINES = [
  `START RequestId: ${ID} Version: $LATEST\n`,
  `END RequestId: ${ID}\n`,
  `REPORT RequestId: ${ID}\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB\tMax Memory Used: 110 MB\t\n`,
];

/**
 * The obvious design: a REST API, a function, a queue, a function for each message, a second REST API, and a function that
 * writes both copies of the binding in one transaction.
 */
export async function naive(cloud: Cloud): Promise<Deployment> {
  const queue = await createQueue(cloud, 'naive');
  await createTable('naive');
  const table = DynamoDBDocumentClient.from(new DynamoDBClient());
  const door = naiveDoor(new SQSClient(), queue, SOURCE_SECRET);
  const api = naiveApi(table, 'naive');
  const countSystemLines = () => cloud.count(sum(...SYSTEM_LINES.map(logLine)));
  const worker = naiveWorker(table, 'naive', async (event) => {
    // Its processor time is counted in the worker's, which waits for it in this process.
    cloud.count({ apiRequests: 1, invocations: 1 });
    countSystemLines();
    await api({ body: JSON.stringify(event) }, CONTEXT);
  });
  const send = async (events: readonly MixEvent[]) => {
    for (const event of events) {
      const body = JSON.stringify(event);
      cloud.count({ apiRequests: 1 });
      const headers = await signed(body, event.id);
      const { statusCode } = await cloud.invoke(() => door({ headers, body }, CONTEXT));
      if (statusCode !== 202) throw new Error(`the naive door answered ${statusCode}`);
      const messages = await receiveOne(cloud, queue);
      await cloud.invoke(() => worker(eventOf(messages, ''), CONTEXT));
      await remove(cloud, queue, messages);
      countSystemLines();
      countSystemLines();
    }
  };
  return { send, finish: async () => {} };
}
