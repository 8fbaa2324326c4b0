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

/** Answers in place of the network, so that the client's own work is all that is measured. */
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

const OURS = 'as we set it';

/** Each setting alone, and last all that the functions use. Only the last has a goal: it has to be cheaper than none. */
const SETTINGS: Readonly<Record<string, SQSClientConfig>> = {
  'region and credentials given': {
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  },
  'endpoint given': { endpoint: 'https://sqs.us-east-1.amazonaws.com' },
  'md5: false': { md5 },
  'cacheMiddleware: true': { cacheMiddleware },
  'sha256 with keys made once': { sha256 },
  [OURS]: { md5, cacheMiddleware, sha256 },
};

/** The SQS client's own work for one `SendMessage` of 20 KB, a hundred events, with each setting and without any. */
export const sdk: Group = async ({ effort }) => {
  const rows: Row[] = [];
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const ours = sender({ ...NO_NETWORK, maxAttempts, ...setting });
    const usual = sender({ ...NO_NETWORK, maxAttempts });
    const cost = await interleaved({ ours, usual }, effort);
    const figures = {
      name: `SendMessage without network, ${name}`,
      unit: 'µs CPU/call',
      ours: cost.ours.cpuUs,
      reference: cost.usual.cpuUs,
    };
    rows.push(name === OURS ? row(figures, atMost(1)) : row(figures));
  }
  return { rows };
};

function sender(config: SQSClientConfig): () => Promise<unknown> {
  const client = new SQSClient(config);
  return () => client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
}
