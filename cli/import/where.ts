import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { operationsMessage } from '../../functions/aws/queues.ts';
import { readConfiguration } from '../../infra/configuration.ts';
import { UserError } from '../../local/user-error.ts';
import type { Options, Terminal } from '../command.ts';
import { calling } from '../dlq/queues.ts';
import { PLACE_OPTIONS, type Place } from '../place.ts';
import type { ListedApp } from './operation.ts';
import type { ImportPorts } from './run.ts';

export const WHERE_OPTIONS = {
  config: { value: 'FILE', default: 'bindery.json', help: 'the configuration, of which --stage needs the apps' },
  ...PLACE_OPTIONS,
} as const satisfies Options;

/** The apps of a local instance, or of the configuration that a deployment was made of. */
export function appsOf({ instance }: Place, file: string, { folder }: Pick<Terminal, 'folder'>): readonly ListedApp[] {
  if (instance !== undefined) return instance.apps;
  const read = readConfiguration(resolve(folder, file));
  if ('problems' in read) throw new UserError(...read.problems);
  return read.configuration.apps;
}

/** Puts operations on the operations queue. */
export const sendTo =
  ({ sqs, operationsUrl: QueueUrl }: Place): ImportPorts['send'] =>
  async (id, operations) => {
    const MessageBody = operationsMessage({ id, from: 'import', acceptedMs: Date.now() }, operations);
    await calling(QueueUrl, 'sent to', () => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody })));
  };

/** Time between two looks at the queue (ms). */
const DRAIN_MS = 1_000;

/** Resolves when the operations queue is empty. `onWaiting` is called with the number of messages that are left. */
export async function drained(place: Place, onWaiting: (left: number) => void, signal: AbortSignal): Promise<void> {
  // SQS counts approximately: twice empty is empty.
  for (let [empty, known] = [0, 0]; empty < 2; ) {
    const left = await waitingOn(place);
    empty = left === 0 ? empty + 1 : 0;
    if (left > 0 && left !== known) onWaiting(left);
    known = left;
    if (empty < 2) await setTimeout(DRAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

async function waitingOn({ sqs, operationsUrl: QueueUrl }: Place): Promise<number> {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...COUNTS] });
  const { Attributes = {} } = await calling(QueueUrl, 'read', () => sqs.send(command));
  return COUNTS.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}
