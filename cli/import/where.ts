import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { operationsMessage } from '../../functions/aws/queues.ts';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { orUnavailable } from '../../functions/core/outcome.ts';
import { readConfiguration } from '../../infra/configuration.ts';
import { UserError } from '../../local/user-error.ts';
import type { Options, Terminal } from '../command.ts';
import { calling } from '../dlq/queues.ts';
import { PLACE_OPTIONS, type Place } from '../place.ts';
import { areKnown } from './known.ts';
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

/** Tries of one read, with a wait that doubles from half a second (ms): together about half a minute. */
const TRIES = 6;
const WAIT_MS = 500;

/** Asks the registry what it knows. A table that stays slow is the end of the command, which goes on when it is run again. */
export function knownIn({ registry }: Place): ImportPorts['known'] {
  const store = dynamodbRegistryStore(registry);
  const asked = async (operations: Asked, tries = 1): Promise<readonly boolean[]> => {
    const known = await orUnavailable(() => areKnown(store, operations));
    if (!('kind' in known)) return known;
    if (tries === TRIES)
      throw new UserError(`the table cannot be read: ${known.reason}. Run the command again to go on.`);
    await setTimeout(WAIT_MS * 2 ** (tries - 1));
    return asked(operations, tries + 1);
  };
  return asked;
}

type Asked = Parameters<ImportPorts['known']>[0];

/** Messages that may wait on the queue: about ten seconds of work. More would only grow old there. */
const DEEP = 500;

/** Time between two looks at a queue that had room (ms). */
const LOOK_MS = 3_000;

/** Waits while the queue is deep, so that an import never runs far ahead of the worker. */
export function roomOn(place: Place, onWaiting: (left: number) => void, signal: AbortSignal): ImportPorts['room'] {
  let lookMs = 0;
  return async () => {
    if (Date.now() < lookMs) return;
    for (let known = 0; ; ) {
      const left = await waitingOn(place);
      if (left <= DEEP) break;
      if (left !== known) onWaiting(left);
      known = left;
      await setTimeout(DRAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    lookMs = Date.now() + LOOK_MS;
  };
}

/** Time between two looks at a queue that is not empty yet, or still deep (ms). */
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

/** The number of messages on the operations queue, approximately. */
export async function waitingOn({ sqs, operationsUrl: QueueUrl }: Place): Promise<number> {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...COUNTS] });
  const { Attributes = {} } = await calling(QueueUrl, 'read', () => sqs.send(command));
  return COUNTS.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}
