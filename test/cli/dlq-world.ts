import { tmpdir } from 'node:os';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { dlq } from '../../cli/dlq/dlq.ts';
import { operationsQueue, parkedQueue } from '../../functions/aws/queues.ts';
import { Operation } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { createQueues, NAMES, type Queues } from '../../local/aws/resources.ts';
import { type SqsServer, startSqs } from '../../local/aws/servers.ts';
import { localClient } from '../aws/local-client.ts';
import { run } from './run.ts';

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** The AWS settings of a user who has deployed a stack. */
export const AWS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

const clientOf = (endpoint: string) => new SQSClient({ endpoint, region: 'us-east-1', credentials });

export const TOO_OLD = 'a bind older than the horizon';

/** A login of `account` on `token`, at a time in ms since 1970. */
export const login = (token: string, account: string, ms = Date.now()): Operation =>
  Operation.parse({
    kind: 'bindOverriding',
    app: 'xg-android',
    token,
    accounts: [{ type: 0, id: account }],
    scope: 'token',
    stamp: stampOf('bindOverriding', ms, eventHash(token, account)),
  });

export const logout = (token: string, ms = Date.now()): Operation =>
  Operation.parse({
    kind: 'unbindTokenFromAll',
    app: 'xg-ios',
    token,
    stamp: stampOf('unbindTokenFromAll', ms, eventHash(token)),
  });

/** The two queues of a stack. The adapters and SQS itself fill them. */
export class World {
  readonly client: SQSClient;
  readonly queues: Queues;
  readonly #server: SqsServer;

  private constructor(server: SqsServer, client: SQSClient, queues: Queues) {
    this.#server = server;
    this.client = client;
    this.queues = queues;
  }

  static async on(server: SqsServer): Promise<World> {
    const client = clientOf(server.url);
    const queues = await createQueues(client, server);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queues.parked.arn, maxReceiveCount: 1 });
    await client.send(
      new SetQueueAttributesCommand({ QueueUrl: queues.operations.url, Attributes: { RedrivePolicy } }),
    );
    return new World(server, client, queues);
  }

  park(id: string, operations: readonly Operation[], reason: string): Promise<void> {
    return parkedQueue(this.client, this.queues.parked.url)({ v: 1, id, operations: [...operations] }, reason);
  }

  /** Accepts operations, and receives them until SQS itself sets them aside. */
  async deadLetter(id: string, operations: readonly Operation[]): Promise<void> {
    await operationsQueue(localClient('sqs', this.#server.url), this.queues.operations.url)({ id }, operations);
    await this.#receivedTooOften();
  }

  /** Makes a dead letter with the body of another version. */
  async deadBody(MessageBody: string): Promise<void> {
    await this.client.send(new SendMessageCommand({ QueueUrl: this.queues.operations.url, MessageBody }));
    await this.#receivedTooOften();
  }

  async #receivedTooOften(): Promise<void> {
    const receive = { QueueUrl: this.queues.operations.url, VisibilityTimeout: 0 };
    for (let count = 0; count < 2; count++) await this.client.send(new ReceiveMessageCommand(receive));
  }

  /** Receives all visible messages of a queue. */
  async receivable(queue: 'operations' | 'parked'): Promise<Message[]> {
    const all: Message[] = [];
    const receive = {
      QueueUrl: this.queues[queue].url,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 60,
      MessageAttributeNames: ['All'],
    };
    for (;;) {
      const { Messages = [] } = await this.client.send(new ReceiveMessageCommand(receive));
      if (Messages.length === 0) return all;
      all.push(...Messages);
    }
  }

  /** Makes one received message of the parked queue visible again. */
  async lapse(): Promise<void> {
    const [ReceiptHandle] = this.#server.inFlight(NAMES.parked);
    const visible = { QueueUrl: this.queues.parked.url, ReceiptHandle, VisibilityTimeout: 0 };
    await this.client.send(new ChangeMessageVisibilityCommand(visible));
  }

  /** Makes a queue of another stack, with a queue for its dead letters, and returns its URL. */
  async queueOf(QueueName: string, parkedUrl?: string): Promise<string> {
    const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${parkedUrl?.split('/').at(-1)}`;
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 });
    const Attributes = parkedUrl === undefined ? {} : { RedrivePolicy };
    await this.client.send(new CreateQueueCommand({ QueueName, Attributes }));
    return `${this.#server.url}/000000000000/${QueueName}`;
  }

  /** Counts the messages of a queue, received or not. */
  async sizeOf(queue: 'operations' | 'parked'): Promise<number> {
    const { url: QueueUrl } = this.queues[queue];
    const { Attributes = {} } = await this.client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    const count = (kind: '' | 'NotVisible') => Number(Attributes[`ApproximateNumberOfMessages${kind}`]);
    return count('') + count('NotVisible');
  }

  /** Runs the command with this stack, without waiting for messages. */
  dlq(...options: string[]) {
    return run(dlq(0), options, { folder: tmpdir(), environment: this.environment() });
  }

  environment(): Record<string, string> {
    return {
      BINDERY_PARKED_QUEUE_URL: this.queues.parked.url,
      BINDERY_OPERATIONS_QUEUE_URL: this.queues.operations.url,
    };
  }
}

/** Runs `work` with two empty queues. */
export async function inWorld(work: (world: World) => Promise<void>): Promise<void> {
  const server = await startSqs();
  try {
    const world = await World.on(server);
    await work(world);
    world.client.destroy();
  } finally {
    await server.stop();
  }
}
