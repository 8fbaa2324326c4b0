import type { SQSRecord } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { eventSource } from './event-source.ts';
import { FAULTS, type Faults, swarm } from './faults.ts';
import { MUTANTS } from './mutants.ts';
import { mutated } from './patches.ts';
import { queue } from './queue.ts';
import { randomOf } from './random.ts';
import { SUITE_NAMES, SUITES } from './suites.ts';
import { timeline } from './timeline.ts';

const CALM: Faults = { strike: () => false, calm: () => {}, counts: new Map() };

describe('a seed', () => {
  test.each(SUITE_NAMES)('always tells the same history: %s', async (suite) => {
    const run = await SUITES[suite].load();
    const [first, second] = [await run(7, undefined), await run(7, undefined)];
    expect(second).toEqual(first);
  });

  test('draws a swarm of its own: each kind of fault is there in about half of the cases', () => {
    const cases = Array.from({ length: 400 }, (_, seed) => swarm(randomOf(seed)));
    for (const fault of FAULTS) {
      const strikes = cases.map(({ strike }) => Array.from({ length: 600 }, () => strike(fault)).includes(true));
      const share = strikes.filter((isThere) => isThere).length / cases.length;
      expect(share).toBeGreaterThan(0.4);
      expect(share).toBeLessThan(0.6);
    }
  });

  test('restricted to some kinds of fault meets no others', () => {
    const { strike } = swarm(randomOf(1), ['store refuses']);
    const struck = FAULTS.filter((fault) => Array.from({ length: 600 }, () => strike(fault)).includes(true));
    expect(struck.filter((fault) => fault !== 'store refuses')).toEqual([]);
  });
});

describe('virtual time', () => {
  test('lets things happen in the order of time, and of asking where times are equal', async () => {
    const { after, run } = timeline();
    const happened: string[] = [];
    const random = randomOf(3);
    const due = Array.from({ length: 500 }, (_, i) => ({ ms: random.below(50), i }));
    for (const { ms, i } of due) after(ms, () => happened.push(`${ms} ${i}`));
    await run();
    const expected = due.sort((a, b) => a.ms - b.ms || a.i - b.i).map(({ ms, i }) => `${ms} ${i}`);
    expect(happened).toEqual(expected);
  });

  test('lets all that follows from an event happen before the next one', async () => {
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

  test('ends where it is told to', async () => {
    const time = timeline();
    const happened: number[] = [];
    for (const ms of [10, 20, 30]) time.after(ms, () => happened.push(time.now()));
    await time.run(20);
    expect(happened).toEqual([10, 20]);
  });
});

/** A queue of some messages and an event source whose function answers as told; what is left, how often received. */
async function delivered(bodies: readonly string[], invoke: (records: SQSRecord[]) => unknown, untilMs = 1_000) {
  const time = timeline();
  const surroundings = { timeline: time, random: randomOf(1), faults: CALM };
  const messages = queue({
    now: time.now,
    random: surroundings.random,
    visibilityMs: 60_000,
    maxReceiveCount: 3,
    onVisible: (inMs) => time.after(inMs, () => source.look()),
    onDeadLetter: () => {},
  });
  const source = eventSource(surroundings, {
    queue: messages,
    batchSize: 10,
    maxConcurrency: 2,
    timeoutMs: 10_000,
    invoke: async (_, records) => invoke(records),
  });
  for (const body of bodies) messages.send(body);
  await time.run(untilMs);
  return messages.sent.map(({ body, place, receives }) => `${body} ${place} ${receives}`);
}

const failing =
  (...bodies: string[]) =>
  (records: SQSRecord[]) => ({
    batchItemFailures: records
      .filter(({ body }) => bodies.includes(body))
      .map(({ messageId }) => ({ itemIdentifier: messageId })),
  });

describe('the event source keeps to what Lambda documents for partial batches', () => {
  test.each([
    ['no answer', () => undefined],
    ['null', () => null],
    ['an answer without failures', () => ({})],
    ['an empty list of failures', () => ({ batchItemFailures: [] })],
    ['null as the list of failures', () => ({ batchItemFailures: null })],
  ])('%s is a success: the messages are deleted', async (_, answer) => {
    expect(await delivered(['a', 'b'], answer)).toEqual(['a deleted 1', 'b deleted 1']);
  });

  test.each([
    ['an error', () => Promise.reject(new Error('a bug'))],
    ['an id that is empty', () => ({ batchItemFailures: [{ itemIdentifier: '' }] })],
    ['an id that is null', () => ({ batchItemFailures: [{ itemIdentifier: null }] })],
    ['a wrong key', () => ({ batchItemFailures: [{ id: 'message-0' }] })],
    ['an id of no message', () => ({ batchItemFailures: [{ itemIdentifier: 'message-9' }] })],
  ])('%s is a failure of the whole batch: nothing is deleted', async (_, answer) => {
    expect(await delivered(['a', 'b'], answer)).toEqual(['a queue 1', 'b queue 1']);
  });

  test('what is named stays until its visibility timeout, the rest is deleted', async () => {
    expect(await delivered(['a', 'b'], failing('b'))).toEqual(['a deleted 1', 'b queue 1']);
    expect(await delivered(['a', 'b'], failing('b'), 60_001)).toEqual(['a deleted 1', 'b queue 2']);
  });

  test('what was received as often as allowed is set aside', async () => {
    expect(await delivered(['a'], failing('a'), 600_000)).toEqual(['a dead letters 3']);
  });

  test('a function that takes too long has failed', async () => {
    expect(await delivered(['a'], () => new Promise(() => {}), 10_001)).toEqual(['a queue 1']);
    expect(await delivered(['a'], () => new Promise(() => {}), 60_001)).toEqual(['a queue 2']);
  });
});

describe('the queue', () => {
  const emptyQueue = () => {
    const clock = { ms: 0 };
    const messages = queue({
      now: () => clock.ms,
      random: randomOf(1),
      visibilityMs: 60_000,
      maxReceiveCount: 5,
      onVisible: () => {},
      onDeadLetter: () => {},
    });
    return { clock, messages };
  };

  test('hides what was received from others until its visibility timeout', () => {
    const { clock, messages } = emptyQueue();
    messages.send('a');
    expect(messages.receive(10, false)).toHaveLength(1);
    expect(messages.receive(10, false)).toHaveLength(0);
    clock.ms = 60_000;
    expect(messages.receive(10, false)).toHaveLength(1);
  });

  test('deletes only for the newest of several receives', () => {
    const { clock, messages } = emptyQueue();
    messages.send('a');
    const [first] = messages.receive(10, false);
    clock.ms = 60_000;
    const [second] = messages.receive(10, false);
    if (!first || !second) throw new Error('it was received twice');
    messages.delete(first);
    expect(messages.sent[0]?.place).toBe('queue');
    messages.delete(second);
    expect(messages.sent[0]?.place).toBe('deleted');
  });

  test('takes no characters that SQS refuses', () => {
    const { messages } = emptyQueue();
    for (const body of ['', 'a\u0000', '\ud800', '\uffff'])
      expect(() => messages.send(body)).toThrow('InvalidMessageContents');
    messages.send('\u{1f511}');
  });
});

describe('mutants', () => {
  test('are at least twenty, each with a name of its own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(20);
  });

  test('change one text that stands there exactly once', () => {
    const mutant = { name: 'm', file: 'f', from: 'a + b', to: 'a - $&' };
    expect(mutated(mutant, 'x = a + b;')).toBe('x = a - $&;');
    expect(() => mutated(mutant, 'x = a;')).toThrow('"m" does not find its text exactly once');
    expect(() => mutated(mutant, 'a + b, a + b')).toThrow('"m" does not find its text exactly once');
  });
});
