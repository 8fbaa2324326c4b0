import { randomUUID } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { REGION } from '../local/aws/servers.ts';
import type { Instance } from '../local/description.ts';
import { newPrivateJwk } from '../local/identity.ts';
import { PROVIDERS } from '../local/providers/providers.ts';
import { UserError } from '../local/user-error.ts';
import type { Terminal, Values } from './command.ts';
import { type Answer, missingSecret, replyIn, sent, TARGET_OPTIONS, targetOf } from './target.ts';

/** The options that a provider's event takes, beside those of the target. */
const TAKEN = ['as', 'account', 'session', 'at', 'id', 'source', 'json', ...Object.keys(TARGET_OPTIONS)];

type SendValues = Values<typeof TARGET_OPTIONS> & {
  readonly account?: readonly string[] | undefined;
  readonly session?: string | undefined;
  readonly at?: string | undefined;
  readonly id?: string | undefined;
  readonly source?: string | undefined;
  readonly json?: boolean | undefined;
};

/** Sends an event as a provider does, signed by the stand-in of its kind. Returns the exit code. */
export async function sendAs(kind: string, type: string, values: SendValues, terminal: Terminal): Promise<number> {
  const { provider, make } = sampleOf(kind, type);
  const stray = Object.keys(values).find((name) => !TAKEN.includes(name));
  if (stray !== undefined) throw new UserError(`an event of ${kind} has no --${stray}`);
  const { account: accounts = [], session = 'session-1', at, source = kind, id = `msg_${randomUUID()}` } = values;
  const [account] = accounts;
  if (account === undefined || accounts.length > 1) throw new UserError('give one account with --account');
  const time = at === undefined ? new Date() : new Date(at);
  if (Number.isNaN(time.getTime())) throw new UserError(`--at ${at}: is not a time in ISO 8601`);
  const target = await targetOf(values, terminal);
  const queue = queueOf(kind, source, target.instance);
  const privateJwk = target.instance?.identities[0]?.privateJwk ?? newPrivateJwk();
  const secret = target.secret ?? secretOf(source, target.instance);
  const sender = { secret, privateJwk, id, now: new Date() };
  const { method = 'POST', query, ...rest } = await provider.request(make({ account, session, now: time }), sender);
  if (queue !== undefined) return sendToQueue(queue, rest.body, values.json === true, terminal);
  const url = `${target.url}/events/${encodeURIComponent(source)}${query === undefined ? '' : `?${query}`}`;
  const again = `send it again with the same options and --id ${id} --at ${time.toISOString()}`;
  return report(await sent(url, { method, ...rest }, again), values.json === true, again, terminal);
}

/** The stand-in of a kind, and what makes its event of a type. */
function sampleOf(kind: string, type: string) {
  const provider = Object.hasOwn(PROVIDERS, kind) ? PROVIDERS[kind] : undefined;
  if (provider === undefined) throw new UserError(`--as ${kind}: kinds are ${Object.keys(PROVIDERS).join(', ')}`);
  const make = Object.hasOwn(provider.events, type) ? provider.events[type] : undefined;
  const types = Object.keys(provider.events).map((one) => (one.includes(' ') ? `"${one}"` : one));
  if (make === undefined) throw new UserError(`--as ${kind} sends ${types.join(', ')}`);
  return { provider, make };
}

/** The commands that send in AWS, for kinds that send through a queue. */
const QUEUED: Readonly<Record<string, string>> = {
  sqs: 'aws sqs send-message',
  eventbridge: 'aws events put-events',
  cognito: 'a call of Cognito',
};

/** The URL of the queue of a source, if its kind has one. */
function queueOf(kind: string, source: string, instance: Instance | undefined): string | undefined {
  const queue = instance?.sourceQueues.find((one) => one.source === source);
  if (queue === undefined && Object.hasOwn(QUEUED, kind))
    throw new UserError(`--as ${kind}: no local instance has a queue of "${source}"; in AWS use ${QUEUED[kind]}`);
  return queue?.url;
}

/** Sends to a queue of the local instance, which takes any credentials. Returns the exit code. */
async function sendToQueue(QueueUrl: string, MessageBody: string, isJson: boolean, { print }: Terminal) {
  const client = new SQSClient({
    endpoint: new URL(QueueUrl).origin,
    region: REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  try {
    const { MessageId = '' } = await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    print(isJson ? JSON.stringify({ message: MessageId }) : `on the queue as message ${MessageId}`);
    return 0;
  } finally {
    client.destroy();
  }
}

function secretOf(source: string, instance: Instance | undefined): string {
  if (instance === undefined) throw missingSecret();
  const { providers, sources } = instance;
  const own = providers.find(({ kind }) => kind === source) ?? sources.find(({ id }) => `${id}` === source);
  if (own === undefined) throw new UserError(`the local instance has no source "${source}"`);
  return own.secret;
}

/** Prints an answer. Returns the exit code. */
export function report(answer: Answer, isJson: boolean, again: string, { print, warn }: Terminal): number {
  const { status } = answer;
  const reply = replyIn(answer);
  print(isJson ? JSON.stringify({ status, reply }) : `HTTP ${status}\n${JSON.stringify(reply, null, 2)}`);
  if (status === 429) warn(`too many requests, nothing was accepted: wait a moment, then ${again}`);
  if (status >= 500) warn(`it may or may not have been accepted: ${again}`);
  return status >= 200 && status < 300 ? 0 : 1;
}
