import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { SendMessageCommand, SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { CLIENT, QUEUE_CLIENT } from '../../functions/aws/client.ts';
import type { Group } from '../group.ts';
import { interleaved } from '../measure.ts';
import { atMost, type Row, row } from '../report.ts';

const MessageBody = 'x'.repeat(20_000);
const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/operations';

const ANSWER = Buffer.from(
  JSON.stringify({ MessageId: '0', MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex') }),
);

/** Answers where the network would begin, so that what is left is the client's own work. */
const NO_NETWORK: SQSClientConfig = {
  requestHandler: {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: () => Promise.resolve({ response: { statusCode: 200, headers: {}, body: ANSWER, reason: undefined } }),
    destroy: () => {},
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  },
};

const { maxAttempts, sha256 } = CLIENT;
const { md5, cacheMiddleware } = QUEUE_CLIENT;

/** What could be set, each alone, and what is. The last has the goal: it is there to be cheaper. */
const SETTINGS: Readonly<Record<string, SQSClientConfig>> = {
  'region and credentials given': {
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  },
  'endpoint given': { endpoint: 'https://sqs.us-east-1.amazonaws.com' },
  'md5: false': { md5 },
  'cacheMiddleware: true': { cacheMiddleware },
  'sha256 with keys made once': { sha256 },
  'as we set it': { md5, cacheMiddleware, sha256 },
};

/** The SQS client's own work for one `SendMessage` of 20 KB, a hundred events, with each setting and without any. */
export const sdk: Group = async ({ effort }) => {
  const rows: Row[] = [];
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const [ours, usual] = [
      { ...NO_NETWORK, maxAttempts, ...setting },
      { ...NO_NETWORK, maxAttempts },
    ].map(sender);
    if (ours === undefined || usual === undefined) throw new Error('two clients were made');
    const cost = await interleaved({ ours, usual }, effort);
    const measured = {
      name: `SendMessage without network, ${name}`,
      unit: 'µs CPU/call',
      ours: cost.ours.cpuUs,
      reference: cost.usual.cpuUs,
    };
    rows.push(name === 'as we set it' ? row(measured, atMost(1)) : row(measured));
  }
  return { rows };
};

function sender(config: SQSClientConfig): () => Promise<unknown> {
  const client = new SQSClient(config);
  return () => client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
}
