import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { operationsQueue, parkedQueue, postponeIn } from '../../functions/aws/queues.ts';
import { Operation } from '../../functions/core/operation.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { eventOf } from '../../local/lambda/event-source.ts';
import { localClient } from './local-client.ts';
import { sqsOfFile } from './sqs.ts';

const logout = (token: string) =>
  Operation.parse({
    kind: 'unbindTokenFromAll',
    app: 'phone',
    token,
    stamp: stampOf('unbindTokenFromAll', 1_700_000_000_000, eventHash(token)),
  });

const { client, sender, queue, received } = sqsOfFile();

test('a request of a hundred operations is one message, whatever characters it has', async () => {
  const QueueUrl = await queue('operations');
  const operations = Array.from({ length: 100 }, (_, i) => logout(`token-${i}-😀`));
  await operationsQueue(sender(), QueueUrl)({ id: 'request-1' }, operations);
  const messages = await received(QueueUrl);
  expect(messages.map(({ Body = '' }) => JSON.parse(Body))).toEqual([{ v: 1, id: 'request-1', operations }]);
});

test('a request is one message of up to 1 MiB; a larger one is refused, and nothing is on the queue', async () => {
  const QueueUrl = await queue('large');
  const send = operationsQueue(sender(), QueueUrl);
  const operations = Array.from({ length: 950 }, (_, i) => logout(`${i}`.padEnd(1_000, '.')));
  expect(await send({ id: 'request-1' }, [...operations, ...operations])).toEqual({ kind: 'tooLarge' });
  expect(await received(QueueUrl)).toEqual([]);
  expect(await send({ id: 'request-2' }, operations)).toBe(undefined);
  const [{ Body = '' } = {}] = await received(QueueUrl);
  expect(Body.length).toBeGreaterThan(1_000_000);
  expect(JSON.parse(Body).operations).toEqual(operations);
});

test('a message can be delayed, so that the door can apply it first', async () => {
  const QueueUrl = await queue('delayed');
  await operationsQueue(sender(), QueueUrl, 1)({ id: 'request-1' }, [logout('t1')]);
  expect(await received(QueueUrl)).toEqual([]);
  const { Messages = [] } = await client().send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10 }));
  expect(Messages).toHaveLength(1);
});

test('the metadata of a message names no token or account', async () => {
  const QueueUrl = await queue('metadata');
  await operationsQueue(sender(), QueueUrl)({ id: 'request-1' }, [logout('canary')]);
  const [{ Body, ...beside } = {}] = await received(QueueUrl);
  expect(JSON.stringify(beside)).not.toContain('canary');
});

test('a parked message has its reason and can be sent again', async () => {
  const QueueUrl = await queue('parked');
  await parkedQueue(client(), QueueUrl)({ v: 1, id: 'request-1', operations: [logout('t1')] }, 'too old');
  const [message] = await received(QueueUrl);
  expect(message?.MessageAttributes).toMatchObject({ reason: { StringValue: 'too old' } });
  expect(JSON.parse(message?.Body ?? '')).toEqual({ v: 1, id: 'request-1', operations: [logout('t1')] });
  await parkedQueue(client(), QueueUrl)('{"v":2}', 'unreadable');
  expect((await received(QueueUrl)).map(({ Body }) => Body)).toEqual(['{"v":2}']);
});

test('a postponed message is hidden on the queue it came from, among several, instead of for the queue’s own timeout', async () => {
  const [other, QueueUrl] = [await queue('postponed-other'), await queue('postponed')];
  await operationsQueue(sender(), QueueUrl)({ id: 'request-1' }, [logout('t1')]);
  const [record] = eventOf(await received(QueueUrl), 'arn:aws:sqs:us-east-1:000000000000:postponed').Records;
  if (record === undefined) throw new Error('bug: no message was received');
  await postponeIn(client(), [other, QueueUrl])(record, 0);
  expect(await received(QueueUrl)).toHaveLength(1);
});

test("an unreachable queue is unavailable, by its error's name only", async () => {
  const send = operationsQueue(localClient('sqs', 'http://127.0.0.1:1'), 'queue');
  await expect(send({ id: 'request-1' }, [logout('canary')])).rejects.toThrow(Unavailable);
  await expect(send({ id: 'request-1' }, [logout('canary')])).rejects.toThrow(/^(?!.*canary)\w+$/);
});
