import { expect, test } from 'vitest';
import type { Operation } from '../../functions/core/operation.ts';
import { type Outcome, Unavailable } from '../../functions/core/outcome.ts';
import {
  type AcceptPorts,
  type Answer,
  accepting,
  answerToAll,
  answerToEvent,
} from '../../functions/operations/accept.ts';
import { bind, unbindAll } from '../world/examples.ts';

const operations = [bind(1, ['alice']), unbindAll(2)];

/** Accepting whose ports do as told, and everything that happened, in order. */
function whileAccepting(ports: Partial<AcceptPorts>) {
  const happened: string[] = [];
  const accept = accepting({
    enqueue: async (id, all) => {
      await ports.enqueue?.(id, all);
      await new Promise(setImmediate);
      happened.push(`enqueue ${id.id} ${all.length}`);
    },
    apply: async (all, announce, durable) => {
      happened.push(`read ${all.length}`);
      await durable;
      happened.push(`apply ${all.length}`);
      return ports.apply?.(all, announce, durable) ?? all.map(() => ({ kind: 'applied' }));
    },
    withinBudget: ports.withinBudget ?? ((work) => work),
  });
  return { happened, accepted: accept({ id: 'request-1' }, operations) };
}

test('operations are on the queue before they are applied, and are read on their way there', async () => {
  const { happened, accepted } = whileAccepting({});
  expect(await accepted).toEqual({ kind: 'accepted', outcomes: [{ kind: 'applied' }, { kind: 'applied' }] });
  expect(happened).toEqual(['read 2', 'enqueue request-1 2', 'apply 2']);
});

test('operations that the queue refuses are unavailable, and none is applied', async () => {
  const { happened, accepted } = whileAccepting({
    enqueue: () => Promise.reject(new Unavailable('ThrottlingException')),
  });
  expect(await accepted).toEqual({ kind: 'unavailable', reason: 'ThrottlingException' });
  await new Promise(setImmediate);
  expect(happened).toEqual(['read 2']);
});

test('removals are not put on the queue before the operations that lead to them', async () => {
  const sent: number[] = [];
  const accept = accepting({
    enqueue: async (_, all) => {
      sent.push(all.length);
      throw new Unavailable('ThrottlingException');
    },
    // A copy of what is in effect has nothing to write, so it does not wait.
    apply: async (all, announce) => {
      await announce([unbindAll(3)], bind(1, ['alice']));
      return all.map(() => ({ kind: 'applied' }));
    },
    withinBudget: (work) => work,
  });
  expect(await accept({ id: 'request-1' }, operations)).toEqual({ kind: 'unavailable', reason: 'ThrottlingException' });
  await new Promise(setImmediate);
  expect(sent).toEqual([2]);
});

test.each<[string, Partial<AcceptPorts>]>([
  ['the store is unavailable', { apply: () => Promise.reject(new Unavailable('TimeoutError')) }],
  ['the longest time that a caller waits is over', { withinBudget: async () => 'late' }],
])('operations on the queue are durable and not yet applied when %s', async (_, ports) => {
  const unavailable = { kind: 'unavailable', reason: expect.any(String) };
  expect(await whileAccepting(ports).accepted).toEqual({ kind: 'accepted', outcomes: [unavailable, unavailable] });
});

const applied: Outcome = { kind: 'applied' };
const superseded: Outcome = { kind: 'superseded' };
const later: Outcome = { kind: 'unavailable', reason: 'x' };
const refused: Outcome = { kind: 'refused', reason: 'a bind older than the horizon' };
const [login, logout] = [bind(1, ['alice']), unbindAll(2)];

test.each<[string, Operation[], Outcome[], string]>([
  ['applied if all of it is', [logout, login], [applied, applied], 'applied'],
  ['superseded if a removal of it leaves something bound', [logout, logout], [applied, superseded], 'superseded'],
  ['applied if it removes though its bind is superseded', [logout, login], [applied, superseded], 'applied'],
  ['superseded if nothing of it is in effect', [login], [superseded], 'superseded'],
  ['durable if anything of it is not yet in effect', [logout, login], [superseded, later], 'durable'],
  ['refused if anything of it is', [logout, login], [applied, refused], 'refused'],
])('the answer to an event is %s', (_, operations, outcomes, answer) => {
  expect(answerToEvent(operations, outcomes)).toBe(answer);
});

test.each<[Answer[], Answer]>([
  [['superseded', 'superseded'], 'superseded'],
  [['superseded', 'refused'], 'superseded'],
  [['refused', 'refused'], 'refused'],
  [['applied', 'superseded', 'refused'], 'applied'],
  [['applied', 'durable'], 'durable'],
])('the answer to events with the answers %j is %s', (answers, answer) => {
  expect(answerToAll(answers)).toBe(answer);
});

test('a bug in applying is thrown, not taken for an unavailable store', async () => {
  const { accepted } = whileAccepting({ apply: () => Promise.reject(new TypeError('a bug')) });
  await expect(accepted).rejects.toThrow('a bug');
});

test('removals that a login of an installation leads to are put on the queue under the id of its request', async () => {
  const { happened, accepted } = whileAccepting({
    apply: async (all, announce) => {
      await announce([unbindAll(3)], bind(1, ['alice']));
      return all.map(() => ({ kind: 'applied' }));
    },
  });
  await accepted;
  expect(happened).toEqual(['read 2', 'enqueue request-1 2', 'apply 2', 'enqueue request-1 1']);
});
