import { ClientRequest } from 'node:http';
import { Session } from 'node:inspector/promises';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { authorized, CONFIGURATION, EVENTS_PATH, posted, signed } from '../bench/installation.ts';
import { deviceToken, loginBody } from '../bench/sample-events.ts';
import { createQueues, createTables } from '../local/aws/resources.ts';
import { startDynamodb, startSecrets, startSqs } from '../local/aws/servers.ts';
import { developmentSecrets, pointAwsAt, setVariables, versionsOf } from '../local/environment.ts';
import { invoke, loadDoors } from '../local/lambda/invoke.ts';

/**
 * Prints, as JSON, the files of functions/ that one request executes. A file counts if one of its functions runs; what
 * it does while it is loaded does not count. Each request comes a second time, as it does in a function that is warm.
 * `story` is the path of a login: the files on the call stacks when the door sends the message and the write, door first.
 */
export type FilesOfRequests = Readonly<Record<'login' | 'delivery' | 'query' | 'story', readonly string[]>>;

const FUNCTIONS = new URL('../functions/', import.meta.url).href;

const secrets = developmentSecrets(CONFIGURATION);
const [sqs, dynamodb, vault] = [await startSqs(), await startDynamodb(), await startSecrets(versionsOf(secrets, {}))];
pointAwsAt({ sqs: sqs.url, dynamodb: dynamodb.url, secrets: vault.url });
const client = new SQSClient();
const [queues] = await Promise.all([createQueues(client, sqs, CONFIGURATION), createTables()]);
setVariables(CONFIGURATION, queues, secrets);
for (const level of ['info', 'warn'] as const) console[level] = () => {};
const doors = await loadDoors(CONFIGURATION);

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

/** Returns the files of functions/ in which a function ran while `work` did. The function without a name is the file. */
async function filesOf(work: () => Promise<unknown>): Promise<string[]> {
  await session.post('Profiler.takePreciseCoverage');
  await work();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const ran = result.filter(({ functions }) =>
    functions.some(({ ranges: [range] }) => range !== undefined && range.startOffset > 0 && range.count > 0),
  );
  return ran.flatMap(({ url }) => (url.startsWith(FUNCTIONS) ? [url.slice(FUNCTIONS.length)] : [])).sort();
}

/** Returns the files of functions/ on the call stacks of the first message and write while `work` runs, door first. */
async function storyOf(work: () => Promise<unknown>): Promise<string[]> {
  const { end } = ClientRequest.prototype;
  const stacks = new Map<string, string>();
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  // A request's own `end`, with its overloads, after a look at the body.
  ClientRequest.prototype.end = function (this: ClientRequest, ...call: Parameters<typeof end>) {
    const [step] = /"MessageBody"|"sk":\{"S":"D"\}.*"UpdateExpression"/.exec(`${call[0]}`) ?? [];
    if (step && !stacks.has(step)) stacks.set(step, String(new Error('a step of a login').stack));
    return end.apply(this, call);
  } as typeof end;
  await work();
  ClientRequest.prototype.end = end;
  const filesIn = (stack: string) => [...stack.matchAll(/functions\/([\w/-]+\.ts)/g)].map(([, file = '']) => file);
  return [...new Set([...stacks.values()].flatMap((stack) => filesIn(stack).reverse()))];
}

const login = (i: number) => async () => {
  const body = loginBody(1, i);
  const event = posted(EVENTS_PATH, body, await signed(body, `msg_${i}`, secrets.sources['app']));
  const reply = await invoke(doors.http.events, event);
  if (reply.statusCode !== 200) throw new Error(`the login was answered ${reply.statusCode}`);
};

const delivery = async () => {
  const QueueUrl = queues.operations.url;
  const { Messages: [message] = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
  const { MessageId: messageId = '', ReceiptHandle: receiptHandle = '', Body: body = '' } = message ?? {};
  const attributes = { ApproximateReceiveCount: '1', SentTimestamp: `${Date.now()}` };
  // Lambda sets more than this; the worker reads nothing else.
  const eventSourceARN = queues.operations.arn;
  const record = { messageId, receiptHandle, body, attributes, eventSourceARN } as Parameters<
    typeof doors.apply.handler
  >[0]['Records'][0];
  const result = await invoke(doors.apply, { Records: [record] });
  if (JSON.stringify(result) !== '{"batchItemFailures":[]}') throw new Error(`the worker left ${body}`);
};

const query = async () => {
  const body = JSON.stringify({ operator_type: 2, platform: 'android', token_list: [deviceToken(1)] });
  const path = '/v3/device/account/query';
  const reply = await invoke(doors.http['account-api'], posted(path, body, authorized(secrets.apps['shop'] ?? '')));
  if (reply.statusCode !== 200) throw new Error(`the query was answered ${reply.statusCode}`);
};

for (const warm of [login(1), login(2), delivery, query]) await warm();
const files: FilesOfRequests = {
  login: await filesOf(login(3)),
  delivery: await filesOf(delivery),
  query: await filesOf(query),
  story: await storyOf(login(4)),
};
process.stdout.write(`${JSON.stringify(files, null, 2)}\n`);
process.exit();
