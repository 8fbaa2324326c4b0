import { GetQueueAttributesCommand, SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { NAMES } from '../../local/aws/resources.ts';
import { REGION } from '../../local/aws/servers.ts';
import { notedInstance } from '../../local/description.ts';
import { hasCode, UserError } from '../../local/user-error.ts';
import { printable, queueName } from './block.ts';
import type { ParkedQueue } from './parked-queue.ts';

export const QUEUE_OPTIONS = {
  'parked-queue': { type: 'string' },
  'operations-queue': { type: 'string' },
} as const;

export const QUEUE_HELP = `  --parked-queue URL      the stack's output ParkedQueueUrl (BINDERY_PARKED_QUEUE_URL)
  --operations-queue URL  the stack's output OperationsQueueUrl (BINDERY_OPERATIONS_QUEUE_URL)`;

export type QueueValues = { readonly [K in keyof typeof QUEUE_OPTIONS]?: string | undefined };

export type Queues = { readonly parked: ParkedQueue; readonly operationsUrl?: string };

/** Finds the queues from the options, then the environment, then what `npm start` has left in this directory. */
export function queuesOf(values: QueueValues): Queues {
  const parked = values['parked-queue'] ?? process.env['BINDERY_PARKED_QUEUE_URL'];
  const operations = values['operations-queue'] ?? process.env['BINDERY_OPERATIONS_QUEUE_URL'];
  if (parked !== undefined) {
    const url = queueUrl('--parked-queue', parked);
    const operationsUrl = operations === undefined ? {} : { operationsUrl: queueUrl('--operations-queue', operations) };
    return { parked: { client: clientFor(deployed(url)), url, giveBackS: 0 }, ...operationsUrl };
  }
  if (operations !== undefined) throw new UserError('name the parked queue too, with --parked-queue');
  const instance = notedInstance();
  if (instance !== undefined) return localQueues(instance.sqs);
  throw new UserError(
    'no instance runs in this directory: start one with `npm start`, or name the queues with --parked-queue and --operations-queue',
  );
}

/** One second and not 0: from 0, an instance that keeps its data would lose the message until its next start (fauxqs 2.4.1). */
const LOCAL_GIVE_BACK_S = 1;

function localQueues(sqs: string): Queues {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = clientFor({ endpoint: sqs, region: REGION, credentials });
  const urlOf = (name: string) => `${sqs}/000000000000/${name}`;
  return {
    parked: { client, url: urlOf(NAMES.parked), giveBackS: LOCAL_GIVE_BACK_S },
    operationsUrl: urlOf(NAMES.operations),
  };
}

/** Left alone the SDK waits for ever (ms); a receive may wait some seconds for a message. */
const TIMEOUTS = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true };

const clientFor = (config: SQSClientConfig): SQSClient => new SQSClient({ ...config, requestHandler: TIMEOUTS });

/** The URL says where to ask and in which Region, whatever the user's own is. */
function deployed(url: string): SQSClientConfig {
  const { origin: endpoint, hostname } = new URL(url);
  const region = /^sqs\.([a-z0-9-]+)\.amazonaws\.com/.exec(hostname)?.[1];
  return { endpoint, ...(region !== undefined && { region }) };
}

function queueUrl(option: string, text: string): string {
  if (/^https?:\/\/[^/]+\/\d+\/[\w.-]+$/.test(text) && URL.canParse(text)) return text;
  throw new UserError(`${option} ${text}: is not a queue's URL, such as the stack's output has`);
}

/**
 * The queue to send to. What were sent to another stack's queue would be lost to its own, so its dead letters must go to
 * this parked queue.
 */
export async function operationsQueueOf({ parked, operationsUrl }: Queues): Promise<string> {
  const { client, url } = parked;
  if (operationsUrl === undefined) throw new UserError('name the queue to send to, with --operations-queue');
  const attribute = async (QueueUrl: string, name: 'QueueArn' | 'RedrivePolicy') => {
    const question = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [name] });
    return (await calling(QueueUrl, 'read', () => client.send(question))).Attributes?.[name];
  };
  const policy = await attribute(operationsUrl, 'RedrivePolicy');
  const arn = await attribute(url, 'QueueArn');
  if (arn !== undefined && policy !== undefined && deadLetterArn(policy) === arn) return operationsUrl;
  const [from, to] = [operationsUrl, url].map(queueName);
  throw new UserError(`the dead letters of ${from} do not go to ${to}: these are not the queues of one stack`);
}

const RedrivePolicy = z.object({ deadLetterTargetArn: z.string() });

const deadLetterArn = (policy: string): string => RedrivePolicy.parse(JSON.parse(policy)).deadLetterTargetArn;

/** Makes a call to a queue. What AWS answers with instead is the user's to put right, in one line. */
export async function calling<T>(url: string, purpose: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (hasCode(error, 'ECONNREFUSED'))
      throw new UserError(`nothing answers at ${new URL(url).origin}: is \`npm start\` running?`);
    const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new UserError(`${queueName(url)} cannot be ${purpose}: ${printable(said.replaceAll(/\s+/g, ' '))}`);
  }
}
