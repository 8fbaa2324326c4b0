import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll } from 'vitest';
import type { AwsClient } from '../../functions/aws/calls.ts';
import { type SqsServer, startSqs } from '../../local/aws/servers.ts';
import { localClient } from './local-client.ts';

/** The embedded SQS for the tests of a file, its client, and what the tests ask of its queues. */
export function sqsOfFile() {
  let server: SqsServer;
  let client: SQSClient;
  beforeAll(async () => {
    server = await startSqs();
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    client = new SQSClient({ endpoint: server.url, region: 'us-east-1', credentials, maxAttempts: 1 });
  });
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });
  return {
    client: () => client,
    /** Our own client, which sends operations. */
    sender: (): AwsClient<'sqs'> => localClient('sqs', server.url),
    /** Makes a queue and returns its URL. */
    queue: async (QueueName: string) => {
      const Attributes = QueueName.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
      await client.send(new CreateQueueCommand({ QueueName, Attributes }));
      return `${server.url}/000000000000/${QueueName}`;
    },
    /** Everything on the queue. What was received stays hidden, and its groups stay locked, so nothing comes twice. */
    received: async (QueueUrl: string) => {
      const all = { MessageSystemAttributeNames: ['All' as const], MessageAttributeNames: ['All'] };
      const ask = () => client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...all }));
      const messages: Message[] = [];
      for (let { Messages } = await ask(); Messages; { Messages } = await ask()) messages.push(...Messages);
      return messages;
    },
  };
}
