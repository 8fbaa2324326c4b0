import { SQSClient } from '@aws-sdk/client-sqs';
import { Pool } from 'undici';
import { EVENT_SOURCE } from '../../infra/settings.ts';
import { pointAwsAt } from '../../local/environment.ts';
import { startEventSource } from '../../local/lambda/event-source.ts';
import { quietConsole } from '../speed/doors.ts';

/**
 * The event source of our worker, as a process of its own: in AWS it is Lambda's, and its processor time costs nothing.
 * Answers every message with its processor time.
 */
const [aws = '', queue = '', worker = ''] = process.argv.slice(2);
pointAwsAt({ sqs: aws, dynamodb: aws, secrets: aws });
quietConsole();
const pool = new Pool(worker);
startEventSource({
  client: new SQSClient(),
  queue: { url: queue, arn: 'arn:aws:sqs:us-east-1:000000000000:operations' },
  invoke: async (event) => {
    const { body } = await pool.request({ method: 'POST', path: '/', body: JSON.stringify(event) });
    return body.json();
  },
  // No batching window: a benchmark would wait for it, and the peers have none.
  numbers: EVENT_SOURCE,
});

process.on('disconnect', () => process.exit());
process.on('message', () => process.send?.(process.cpuUsage()));
process.send?.('ready');
