import type { SQSRecord } from 'aws-lambda';
import { expect, test } from 'vitest';
import type { Account } from '../../functions/core/account.ts';
import { ACCOUNTS, TOKENS } from './cast.ts';
import { eventSource } from './event-source.ts';
import { FAULTS, type Fault, type Faults, MIRROR_FAULTS, swarm } from './faults.ts';
import { hostedApi } from './mirror/hosted-api.ts';
import { born } from './network.ts';
import { fifoQueue, type QueueOptions, queue } from './queue.ts';
import { present, randomOf } from './random.ts';
import { SUITE_NAMES, SUITES } from './suites.ts';
import { timeline } from './timeline.ts';

test.each(SUITE_NAMES)('a seed always has the same history: %s', async (suite) => {
  const run = await SUITES[suite].load();
  const [first, second] = [await run(7, undefined), await run(7, undefined)];
  expect(second).toEqual(first);
});

const meets = ({ strike }: Faults, fault: Fault) => Array.from({ length: 600 }, () => strike(fault)).includes(true);

test('a seed draws its own swarm: each kind of fault is there in about half of the cases', () => {
  const cases = Array.from({ length: 400 }, (_, seed) => swarm(randomOf(seed), MIRROR_FAULTS, MIRROR_FAULTS));
  for (const fault of MIRROR_FAULTS) {
    const share = cases.filter((faults) => meets(faults, fault)).length / cases.length;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  }
});

test('a seed restricted to some kinds of fault meets no others', () => {
  const faults = swarm(randomOf(1), ['store refuses']);
  expect(FAULTS.filter((fault) => fault !== 'store refuses' && meets(faults, fault))).toEqual([]);
});

test('virtual time runs tasks in the order of time, and tasks of equal times in the order of their scheduling', async () => {
  const { after, run } = timeline();
  const happened: string[] = [];
  const random = randomOf(3);
  const due = Array.from({ length: 500 }, (_, i) => ({ ms: random.below(50), i }));
  for (const { ms, i } of due) after(ms, () => happened.push(`${ms} ${i}`));
  await run();
  const expected = due.sort((a, b) => a.ms - b.ms || a.i - b.i).map(({ ms, i }) => `${ms} ${i}`);
  expect(happened).toEqual(expected);
});

test('virtual time runs all that follows from a task before the next task', async () => {
  const time = timeline();
  const happened: string[] = [];
  time.after(5, async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
    happened.push('follows');
  });
  time.after(5, () => happened.push('next'));
  await time.run();
  expect(happened).toEqual(['follows', 'next']);
});

test('virtual time ends at the given time', async () => {
  const time = timeline();
  const happened: number[] = [];
  for (const ms of [10, 20, 30]) time.after(ms, () => happened.push(time.now()));
  await time.run(20);
  expect(happened).toEqual([10, 20]);
});

const queueOptions = (now: () => number, maxReceiveCount: number): QueueOptions => ({
  now,
  random: randomOf(1),
  visibilityMs: 60_000,
  maxReceiveCount,
  onVisible: () => {},
  onDeadLetter: () => {},
});

/**
 * A queue of some messages and an event source whose function answers as given. Returns the messages left, and how often
 * each was received.
 */
async function delivered(bodies: readonly string[], invoke: (records: SQSRecord[]) => unknown, untilMs = 1_000) {
  const time = timeline();
  const faults: Faults = { strike: () => false, calm: () => {}, counts: new Map() };
  const onVisible = (inMs: number) => time.after(inMs, () => source.look());
  const messages = queue({ ...queueOptions(time.now, 3), onVisible });
  const source = eventSource(
    { timeline: time, random: randomOf(1), faults },
    { queue: messages, batchSize: 10, maxConcurrency: 2, timeoutMs: 10_000, invoke: async (_, all) => invoke(all) },
  );
  for (const body of bodies) messages.send(body);
  await time.run(untilMs);
  return messages.sent.map(({ body, place, receives }) => `${body} ${place} ${receives}`);
}

const failing = (failed: string) => (records: SQSRecord[]) => ({
  batchItemFailures: records.filter(({ body }) => body === failed).map((one) => ({ itemIdentifier: one.messageId })),
});

test.each([
  ['no answer', 'success', () => undefined],
  ['null', 'success', () => null],
  ['an answer without failures', 'success', () => ({})],
  ['an empty list of failures', 'success', () => ({ batchItemFailures: [] })],
  ['null as the list of failures', 'success', () => ({ batchItemFailures: null })],
  ['an error', 'failure', () => Promise.reject(new Error('a bug'))],
  ['an id that is empty', 'failure', () => ({ batchItemFailures: [{ itemIdentifier: '' }] })],
  ['an id that is null', 'failure', () => ({ batchItemFailures: [{ itemIdentifier: null }] })],
  ['a wrong key', 'failure', () => ({ batchItemFailures: [{ id: 'message-0' }] })],
  ['an id of no message', 'failure', () => ({ batchItemFailures: [{ itemIdentifier: 'message-9' }] })],
])('the event source takes %s for a %s of the whole batch', async (_, result, answer) => {
  const place = result === 'success' ? 'deleted' : 'queue';
  expect(await delivered(['a', 'b'], answer)).toEqual([`a ${place} 1`, `b ${place} 1`]);
});

test('a message named as failed stays until it becomes a dead letter, and the rest of its batch is deleted', async () => {
  expect(await delivered(['a', 'b'], failing('b'), 600_000)).toEqual(['a deleted 1', 'b dead letters 3']);
});

test('a function that takes too long has failed, and makes room for the next delivery', async () => {
  // Two executions at most: without a timeout both would run for ever, and nothing would be received a third time.
  expect(await delivered(['a'], () => new Promise(() => {}), 120_001)).toEqual(['a queue 3']);
});

test('a queue deletes a message only for the newest of several receives', () => {
  const clock = { ms: 0 };
  const messages = queue(queueOptions(() => clock.ms, 5));
  messages.send('a');
  const first = present(messages.receive(10, false)[0]);
  clock.ms = 60_000;
  const second = present(messages.receive(10, false)[0]);
  messages.delete(first);
  expect(messages.sent[0]?.place).toBe('queue');
  messages.delete(second);
  expect(messages.sent[0]?.place).toBe('deleted');
});

test('a queue refuses the characters that SQS refuses', () => {
  const messages = queue(queueOptions(() => 0, 5));
  for (const body of ['', 'a\u0000', '\ud800', '\uffff'])
    expect(() => messages.send(body)).toThrow('InvalidMessageContents');
  messages.send('\u{1f511}');
});

function emptyFifo(maxReceiveCount: number) {
  const clock = { ms: 0 };
  const messages = fifoQueue(queueOptions(() => clock.ms, maxReceiveCount));
  const send = (body: string, group = 'g') => messages.send({ body, group, deduplication: body });
  const received = (most = 10) => messages.receive(most, false).map(({ message }) => message.body);
  return { clock, send, received };
}

test('a FIFO queue delivers a group in its order, and several groups at a time', () => {
  const { send, received } = emptyFifo(5);
  for (const body of ['a', 'b', 'c']) send(body);
  send('other', 'h');
  const all = received();
  expect(all.filter((body) => body !== 'other')).toEqual(['a', 'b', 'c']);
  expect(all).toContain('other');
});

test('a FIFO queue delivers the next of a group once the message before is a dead letter', () => {
  const { clock, send, received } = emptyFifo(1);
  for (const body of ['a', 'b']) send(body);
  expect(received(1)).toEqual(['a']);
  clock.ms = 60_000;
  expect(received(1)).toEqual([]);
  expect(received(1)).toEqual(['b']);
});

test.each(['', 'a b', '\u{1f511}', 'x'.repeat(129)])('a FIFO queue refuses the id "%s" as SQS does', (id) => {
  expect(() => emptyFifo(5).send('a', id)).toThrow('InvalidParameterValue');
});

const [alice, bob, carol] = [present(ACCOUNTS[0]), present(ACCOUNTS[1]), present(ACCOUNTS[2])];
const phone = present(TOKENS[0]);
const bind = (...accounts: Account[]) => ({ kind: 'bindOverriding', elements: [{ token: phone, accounts }] }) as const;
const signOut = { kind: 'unbindAccountFromAll', accounts: [alice] } as const;
const clear = { kind: 'unbindTokenFromAll', tokens: [phone] } as const;

test.each([
  ['replaces the accounts of the types that an override names, and no others', [bob, carol], bind(bob), 1],
  ['applies late what it accepted, so that two calls can change places', [alice, carol], bind(bob), -1],
  ['unbinds an account from all tokens', [carol], signOut, 1],
  ['unbinds a token from all accounts', [], clear, 1],
])('the hosted API %s', async (_, expected, request, laterMs) => {
  const time = timeline();
  const side = hostedApi(time);
  side.accept(bind(alice, carol), 20_000, born());
  side.accept(request, 20_000 + laterMs, born());
  await time.run();
  expect(side.boundTo(phone)).toEqual(expected);
});

test('the hosted API holds and accepts nothing of a token that it has forgotten', async () => {
  const time = timeline();
  const side = hostedApi(time);
  side.accept(bind(alice), 1, born());
  time.after(2, () => side.forget(phone, 100));
  time.after(3, () => side.accept(bind(bob), 1, born()));
  await time.run();
  expect(side.boundTo(phone)).toEqual([]);
});
