import { createHmac } from 'node:crypto';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { checksQueue, marksQueue, mirrorMarks } from '../../functions/aws/queues.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { DirtyMark } from '../../functions/mirror/mark.ts';
import { account, app, bind, moved, token, unbindEverywhere } from '../world/examples.ts';
import { sqsOfFile } from './sqs.ts';

const SHOP = app().id;
const digest = async () => (text: string) => createHmac('sha256', 'key').update(text).digest('hex');

const { client, queue, received } = sqsOfFile();

const mark = (name: string, ms = 5): DirtyMark => ({ token: token(name), id: 'r1', ms, removes: true });
const waiting = async (QueueUrl: string) => {
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] });
  return Number((await client().send(asked)).Attributes?.['ApproximateNumberOfMessages']);
};

test('marks of one token are in one group, and no group or deduplication id names the token', async () => {
  const url = await queue('groups.fifo');
  const send = marksQueue({ client: client(), queueUrl: url, digest });
  await send(SHOP, { tokens: [mark('canary')], accounts: [{ account: account('canary'), id: 'r1', ms: 5 }] });
  const messages = await received(url);
  const beside = messages.map(({ Body: _, ...rest }) => rest);
  expect(messages).toHaveLength(2);
  expect(JSON.stringify(beside)).not.toContain('canary');
  const groups = messages.map(({ Attributes }) => Attributes?.['MessageGroupId']);
  await send(SHOP, { tokens: [mark('canary', 6)], accounts: [] });
  // Its group is locked: it waits behind the first.
  expect(await received(url)).toEqual([]);
  expect(groups.every((group) => /^\d{1,2}$/.test(group ?? ''))).toBe(true);
});

test('marks of many tokens share messages, at most twenty in each and sixteen groups', async () => {
  const url = await queue('many.fifo');
  const marks = Array.from({ length: 500 }, (_, i) => mark(`phone-${i}`));
  await marksQueue({ client: client(), queueUrl: url, digest })(SHOP, { tokens: marks, accounts: [] });
  // The emulator hands out one message of a group at a time.
  const first = await received(url);
  expect(first).toHaveLength(16);
  const sizes = first.map(({ Body = '' }) => JSON.parse(Body).tokens.length);
  expect(Math.max(...sizes)).toBe(20);
  expect((await waiting(url)) + first.length).toBeLessThanOrEqual(16 * 3);
});

test('marks sent twice are one message; a forced one is another', async () => {
  const url = await queue('twice.fifo');
  const send = marksQueue({ client: client(), queueUrl: url, digest });
  for (let i = 0; i < 3; i++) await send(SHOP, { tokens: [mark('phone')], accounts: [] });
  expect(await waiting(url)).toBe(1);
  for (const forcedMs of [1, 2]) await send(SHOP, { tokens: [{ ...mark('phone'), forcedMs }], accounts: [] });
  expect(await waiting(url)).toBe(3);
});

test('the largest marks and checks fit into requests to SQS', async () => {
  const names = Array.from({ length: 400 }, (_, i) => `${i}`.padEnd(500, 'é')).map((name) => name.slice(0, 499));
  const id = 'é'.repeat(256);
  const marks = names.map((name) => ({ ...mark(name), id, forcedMs: 1e12 }));
  const marksUrl = await queue('largest.fifo');
  await marksQueue({ client: client(), queueUrl: marksUrl, digest })(SHOP, { tokens: marks, accounts: [] });
  expect(await waiting(marksUrl)).toBeGreaterThan(20);
  const checksUrl = await queue('largest');
  await checksQueue(client(), checksUrl)(SHOP, 'push', marks, 0);
  expect(await waiting(checksUrl)).toBe(20);
});

test('one message of several that SQS does not take makes all of them unavailable, marks and checks', async () => {
  const Failed = [{ Id: '1', Code: 'InternalError', SenderFault: false }];
  const failing = { send: async () => ({ Failed }) } as unknown as SQSClient; // the adapters call nothing else
  const marks = marksQueue({ client: failing, queueUrl: 'marks', digest });
  await expect(marks(SHOP, { tokens: [mark('phone')], accounts: [] })).rejects.toThrow('InternalError');
  await expect(checksQueue(failing, 'checks')(SHOP, 'push', [mark('phone')], 0)).rejects.toThrow('InternalError');
});

test("a missing queue of marks is unavailable, by its error's name only", async () => {
  const queueUrl = (await queue('shop.fifo')).replace('shop', 'nothing');
  const send = marksQueue({ client: client(), queueUrl, digest });
  const sent = send(SHOP, { tokens: [mark('canary')], accounts: [] });
  await expect(sent).rejects.toThrow(Unavailable);
  await expect(sent).rejects.toThrow(/^(?!.*canary)\w+$/);
});

test('marks go to the queue of their app', async () => {
  const [shop, chat] = [await queue('shop.fifo'), await queue('chat.fifo')];
  const other = app('chat').id;
  const { apps, mark } = mirrorMarks({ client: client(), queueUrls: { [SHOP]: shop, [other]: chat }, digest });
  expect([...apps]).toEqual([SHOP, other]);
  const operations = [bind(1, ['alice']), unbindEverywhere(3, 'zoe')];
  const elsewhere = { ...moved(bind(4, ['carol']), 'tablet'), app: other };
  await mark([...operations, elsewhere].map((operation) => ({ id: 'r1', operation })));
  const bodies = (await received(shop)).map(({ Body = '' }) => JSON.parse(Body));
  expect(bodies.flatMap(({ tokens }) => tokens.map((one: DirtyMark) => one.token))).toEqual(['phone']);
  expect(bodies.flatMap(({ accounts }) => accounts)).toEqual([{ account: account('zoe'), id: 'r1', ms: 3 }]);
  expect((await received(chat)).map(({ Body = '' }) => JSON.parse(Body))).toMatchObject([
    { app: 'chat', tokens: [{ token: 'tablet' }] },
  ]);
});

test('checks wait for their delay, twenty in a message', async () => {
  const url = await queue('checks');
  const checks = Array.from({ length: 45 }, (_, i) => ({ token: token(`phone-${i}`), id: 'r1', pushedMs: i }));
  await checksQueue(client(), url)(SHOP, 'push', checks, 900);
  expect(await received(url)).toEqual([]);
  await checksQueue(client(), url)(SHOP, 'again', checks, 0);
  const bodies = (await received(url)).map(({ Body = '' }) => JSON.parse(Body));
  expect(bodies.map((body) => [body.cause, body.checks.length])).toEqual([
    ['again', 20],
    ['again', 20],
    ['again', 5],
  ]);
  expect(bodies.flatMap((body) => body.checks)).toEqual(checks);
});
