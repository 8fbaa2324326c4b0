import { GetQueueAttributesCommand, SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { pascal } from '../../infra/outputs.ts';
import { sourceNames } from '../../local/aws/resources.ts';
import { hasCode, UserError } from '../../local/user-error.ts';
import type { Options, Terminal, Values } from '../command.ts';
import { PLACE_OPTIONS, type Place, placeOf } from '../place.ts';
import { printable } from '../table.ts';

export const QUEUE_OPTIONS = {
  'parked-queue': { value: 'URL', help: 'output ParkedQueueUrl of the stack. Default: BINDERY_PARKED_QUEUE_URL' },
  'operations-queue': {
    value: 'URL',
    help: 'output OperationsQueueUrl of the stack. Default: BINDERY_OPERATIONS_QUEUE_URL',
  },
  source: { value: 'ID', help: 'the dead letters of this source that sends through SQS, and its queue' },
  ...PLACE_OPTIONS,
} as const satisfies Options;

export type ParkedQueue = {
  readonly client: SQSClient;
  readonly url: string;
  /** Time after which a message that is given back can be received again (s). */
  readonly giveBackS: number;
  /** Time that a receive waits for a message (s). */
  readonly pollS: number;
};

export type Queues = { readonly parked: ParkedQueue; readonly operationsUrl?: string };

/**
 * Finds the queues in the options, then in the environment, then in the description that `npx bindery start` leaves. A stage has
 * them among its outputs.
 */
export async function queuesOf(
  values: Values<typeof QUEUE_OPTIONS>,
  terminal: Pick<Terminal, 'environment' | 'folder' | 'warn'>,
  pollS: number,
): Promise<Queues> {
  const isFound = values.stage !== undefined || values.source !== undefined;
  const given = isFound ? undefined : givenQueues(values, terminal, pollS);
  if (given !== undefined) return given;
  if (values['parked-queue'] !== undefined || values['operations-queue'] !== undefined)
    throw new UserError('give either --stage and --source, or the URLs of the queues');
  const place = await placeOf(values, terminal);
  const giveBackS = place.instance === undefined ? 0 : LOCAL_GIVE_BACK_S;
  const [url, operationsUrl] =
    values.source === undefined ? [place.parkedUrl, place.operationsUrl] : queuesOfSource(values.source, place);
  return { parked: { client: place.sqs, url, giveBackS, pollS }, operationsUrl };
}

/** Returns the queues whose URLs are in the options or in the environment. */
function givenQueues(
  values: Pick<Values<typeof QUEUE_OPTIONS>, 'parked-queue' | 'operations-queue'>,
  { environment }: Pick<Terminal, 'environment'>,
  pollS: number,
): Queues | undefined {
  const parked = values['parked-queue'] ?? environment['BINDERY_PARKED_QUEUE_URL'];
  const operations = values['operations-queue'] ?? environment['BINDERY_OPERATIONS_QUEUE_URL'];
  if (parked !== undefined) {
    const url = queueUrl('--parked-queue', parked);
    const operationsUrl = operations === undefined ? {} : { operationsUrl: queueUrl('--operations-queue', operations) };
    return { parked: { client: clientFor(deployed(url)), url, giveBackS: 0, pollS }, ...operationsUrl };
  }
  if (operations !== undefined) throw new UserError('--operations-queue needs --parked-queue');
  return undefined;
}

/** Returns the queue for the dead letters of a source, and the queue that they came from. */
function queuesOfSource(id: string, { instance, outputs, name }: Place): [dead: string, queue: string] {
  if (instance?.sourceQueues.some(({ source }) => source === id)) {
    const [queue, dead] = sourceNames(id).map((each) => `${instance.sqs}/000000000000/${each}`);
    if (queue !== undefined && dead !== undefined) return [dead, queue];
  }
  const [dead, queue] = ['DeadLettersUrlOfSource', 'QueueUrlOfSource'].map((each) => outputs[`${each}${pascal(id)}`]);
  if (dead === undefined || queue === undefined) throw new UserError(`${name} has no source "${id}" with a queue`);
  return [dead, queue];
}

/** Not 0: with 0, an instance that keeps its data loses the message until its next start (fauxqs 2.4.1). */
const LOCAL_GIVE_BACK_S = 1;

/** Without them the SDK waits for ever (ms). A receive may wait some seconds for a message. */
const TIMEOUTS = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true };

const clientFor = (config: SQSClientConfig): SQSClient => new SQSClient({ ...config, requestHandler: TIMEOUTS });

/** Takes endpoint and Region from the URL, whatever Region the user has set. */
function deployed(url: string): SQSClientConfig {
  const { origin: endpoint, hostname } = new URL(url);
  const region = /^sqs\.([a-z0-9-]+)\.amazonaws\.com/.exec(hostname)?.[1];
  return { endpoint, ...(region !== undefined && { region }) };
}

function queueUrl(option: string, text: string): string {
  if (/^https?:\/\/[^/]+\/\d+\/[\w.-]+$/.test(text) && URL.canParse(text)) return text;
  throw new UserError(`${option} ${text}: must be the URL of a queue, such as the output of the stack`);
}

/**
 * Returns the operations queue. Its dead letters must go to this parked queue: messages sent to the queue of another
 * stack would be lost.
 */
export async function operationsQueueOf({ parked, operationsUrl }: Queues): Promise<string> {
  const { client, url } = parked;
  if (operationsUrl === undefined) throw new UserError('`dlq redrive` needs --operations-queue');
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

/** Calls a queue. An error of AWS becomes a `UserError` of one line. */
export async function calling<T>(url: string, purpose: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (hasCode(error, 'ECONNREFUSED'))
      throw new UserError(`nothing answers at ${new URL(url).origin}: is \`npx bindery start\` running?`);
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new UserError(`${queueName(url)} cannot be ${purpose}: ${printable(text.replaceAll(/\s+/g, ' '))}`);
  }
}

/** `1 message`, `12 messages`. */
export const countOf = (count: number, noun = 'message'): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** The last part of the URL of a queue: the rest names the AWS account. */
export const queueName = (url: string): string => new URL(url).pathname.split('/').at(-1) ?? '';
