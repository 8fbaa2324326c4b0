import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { expect, onTestFinished, test } from 'vitest';
import { CONFIGURATION, CONTEXT, EVENTS_PATH, posted, SOURCE_KEY, signed } from '../../bench/installation.ts';
import { acceptInto } from '../../functions/aws/queues.ts';
import { dynamodbRegistryStore, registryIn } from '../../functions/aws/registry-store.ts';
import { Token } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf } from '../../functions/core/bindings.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { inParallel } from '../../functions/core/parallel.ts';
import { eventsHandler } from '../../functions/events/handler.ts';
import { openSources } from '../../functions/events/source.ts';
import { kind } from '../../functions/events/sources/standard-webhooks.ts';
import { httpDoor } from '../../functions/lambda/http.ts';
import { applyMessages } from '../../functions/operations/messages.ts';
import { startSqs } from '../../local/aws/servers.ts';
import { hostileEndpoint } from './hostile-endpoint.ts';
import { localClient } from './local-client.ts';
import { embeddedTable } from './table.ts';

/** Random numbers that are the same in every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const LOGINS = 60;
const AT_ONCE = 12;
const app = AppId.parse('shop');

const login = async (i: number): Promise<APIGatewayProxyEventV2> => {
  const data = { platform: 'android', token: `phone-${i}`, account: `account-${i}` };
  const body = JSON.stringify({ type: 'user.login', timestamp: new Date().toISOString(), data });
  return posted(EVENTS_PATH, body, await signed(body, `login-${i}`));
};

test('every login is accepted in one try and applied, whatever a hostile endpoint does that a retry survives', async () => {
  const [sqs, table] = [await startSqs(), await embeddedTable()];
  const queue = await hostileEndpoint(sqs.url, chance(1));
  const hostile = await hostileEndpoint(table.url, chance(2));
  const sdk = new SQSClient({
    ...{ endpoint: sqs.url, region: 'us-east-1' },
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  onTestFinished(async () => {
    sdk.destroy();
    for (const { stop } of [queue, hostile, table, sqs]) await stop();
  });
  await sdk.send(new CreateQueueCommand({ QueueName: 'operations' }));
  const QueueUrl = `${sqs.url}/000000000000/operations`;
  const registry = registryIn({ client: localClient('dynamodb', hostile.url), name: table.name });
  const door = httpDoor(
    eventsHandler({
      sources: openSources(CONFIGURATION, () => kind, { fetch, now: Date.now }),
      keysOf: async () => [SOURCE_KEY],
      accept: acceptInto(QueueUrl, registry, localClient('sqs', queue.url)),
      store: registry.store,
      now: Date.now,
    }),
    () => {},
  );
  const logins = Array.from({ length: LOGINS }, (_, i) => i);
  const statuses = await inParallel(logins, AT_ONCE, async (i) => (await door(await login(i), CONTEXT)).statusCode);
  // 202: the table was slower than the door waits; the worker applies the login.
  expect(statuses.filter((status) => status !== 200 && status !== 202)).toEqual([]);
  // The two slow faults are rare.
  expect(Object.keys({ ...queue.counts, ...hostile.counts }).length).toBeGreaterThanOrEqual(7);

  const apply = (operations: Parameters<typeof applyAll>[1]) => applyAll(registry, operations);
  const park = () => Promise.reject(new Error('bug: a message was parked'));
  for (;;) {
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
    const { Messages = [] } = await sdk.send(receive);
    if (Messages.length === 0) break;
    const results = await applyMessages(
      { apply, park },
      Messages.map(({ Body = '' }) => Body),
    );
    expect(results.map(({ kind }) => kind)).toEqual(Messages.map(() => 'done'));
    for (const { ReceiptHandle } of Messages) await sdk.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
  const tokens = logins.map((i) => ({ app, token: Token.parse(`phone-${i}`) }));
  const bound = await accountsOf(dynamodbRegistryStore(table), tokens, Date.now());
  expect(bound.map((accounts) => accounts.map(({ id }) => id))).toEqual(logins.map((i) => [`account-${i}`]));
});
