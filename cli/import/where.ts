import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { GetQueueAttributesCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { operationsMessage } from '../../functions/aws/queues.ts';
import { readConfiguration } from '../../infra/configuration.ts';
import { NAMES } from '../../local/aws/resources.ts';
import { UserError } from '../../local/user-error.ts';
import type { Options, Terminal, Values } from '../command.ts';
import { calling, deployedClient, localClient, localQueueUrl, queueUrl } from '../dlq/queues.ts';
import { localInstance, PORT_OPTION } from '../target.ts';
import type { ListedApp } from './operation.ts';
import type { ImportPorts } from './run.ts';

export const WHERE_OPTIONS = {
  'operations-queue': {
    value: 'URL',
    help: 'output OperationsQueueUrl of the stack, which your own AWS credentials open. Default: BINDERY_OPERATIONS_QUEUE_URL, or the queue of the local instance',
  },
  config: { value: 'FILE', default: 'bindery.json', help: 'the configuration, for --operations-queue' },
  ...PORT_OPTION,
} as const satisfies Options;

/** The apps of the configuration, and the queue that takes the binds. */
export type Destination = {
  readonly apps: readonly ListedApp[];
  readonly send: ImportPorts['send'];
  /** Resolves when the queue is empty. `onWaiting` is called with the number of messages that are left. */
  readonly drained: (onWaiting: (left: number) => void, signal: AbortSignal) => Promise<void>;
};

export function destinationOf(values: Values<typeof WHERE_OPTIONS>, terminal: Terminal): Destination {
  const given = values['operations-queue'] ?? terminal.environment['BINDERY_OPERATIONS_QUEUE_URL'];
  const { url, client, apps } =
    given === undefined ? localPlace(values, terminal) : deployedPlace(given, resolve(terminal.folder, values.config));
  return {
    apps,
    send: async (id, operations) => {
      const MessageBody = operationsMessage({ id, from: 'import', acceptedMs: Date.now() }, operations);
      await calling(url, 'sent to', () => client.send(new SendMessageCommand({ QueueUrl: url, MessageBody })));
    },
    drained: async (onWaiting, signal) => {
      // SQS counts approximately: twice empty is empty.
      for (let [empty, known] = [0, 0]; empty < 2; ) {
        const left = await waitingOn(client, url);
        empty = left === 0 ? empty + 1 : 0;
        if (left > 0 && left !== known) onWaiting(left);
        known = left;
        if (empty < 2) await setTimeout(DRAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    },
  };
}

/** Time between two looks at the queue (ms). */
const DRAIN_MS = 1_000;

type Place = { readonly url: string; readonly client: SQSClient; readonly apps: readonly ListedApp[] };

function localPlace(values: Values<typeof WHERE_OPTIONS>, terminal: Terminal): Place {
  const { sqs, apps } = localInstance(values, terminal, ', or give --operations-queue');
  return { url: localQueueUrl(sqs, NAMES.operations), client: localClient(sqs), apps };
}

function deployedPlace(given: string, file: string): Place {
  const url = queueUrl('--operations-queue', given);
  const read = readConfiguration(file);
  if ('problems' in read) throw new UserError(...read.problems);
  return { url, client: deployedClient(url), apps: read.configuration.apps };
}

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

async function waitingOn(client: SQSClient, QueueUrl: string): Promise<number> {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...COUNTS] });
  const { Attributes = {} } = await calling(QueueUrl, 'read', () => client.send(command));
  return COUNTS.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}
