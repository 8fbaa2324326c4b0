import { expect, test } from 'vitest';
import { Unavailable } from '../../functions/core/outcome.ts';
import { type AcceptPorts, accepting } from '../../functions/operations/accept.ts';
import { bind, unbindAll } from '../world/examples.ts';

const operations = [bind(1, ['alice']), unbindAll(2)];

/** Accepting whose ports do as told, and everything that happened, in order. */
function whileAccepting(ports: Partial<AcceptPorts>) {
  const happened: string[] = [];
  const accept = accepting({
    enqueue: async (id, all) => {
      happened.push(`enqueue ${id} ${all.length}`);
      await ports.enqueue?.(id, all);
    },
    apply: async (all) => {
      happened.push(`apply ${all.length}`);
      return ports.apply?.(all) ?? all.map(() => ({ kind: 'applied' }));
    },
    withinBudget: ports.withinBudget ?? ((work) => work),
  });
  return { happened, accepted: accept('request-1', operations) };
}

test('operations are on the queue before they are applied', async () => {
  const { happened, accepted } = whileAccepting({});
  expect(await accepted).toEqual({ kind: 'applied', outcomes: [{ kind: 'applied' }, { kind: 'applied' }] });
  expect(happened).toEqual(['enqueue request-1 2', 'apply 2']);
});

test('operations that the queue refuses are unavailable, and none is applied', async () => {
  const { happened, accepted } = whileAccepting({
    enqueue: () => Promise.reject(new Unavailable('ThrottlingException')),
  });
  expect(await accepted).toEqual({ kind: 'unavailable', reason: 'ThrottlingException' });
  expect(happened).toEqual(['enqueue request-1 2']);
});

test.each<[string, Partial<AcceptPorts>]>([
  [
    'one of them could not be applied',
    { apply: async () => [{ kind: 'applied' }, { kind: 'unavailable', reason: 'x' }] },
  ],
  ['the store is unavailable', { apply: () => Promise.reject(new Unavailable('TimeoutError')) }],
  ['the longest time that a caller waits is over', { withinBudget: async () => 'late' }],
])('operations on the queue are durable and not yet applied when %s', async (_, ports) => {
  expect(await whileAccepting(ports).accepted).toEqual({ kind: 'durable' });
});

test('a refused operation does not make its request durable only, because it is never applied', async () => {
  const refused = { kind: 'refused', reason: 'a bind older than the horizon' } as const;
  const { accepted } = whileAccepting({ apply: async () => [refused, { kind: 'applied' }] });
  expect(await accepted).toEqual({ kind: 'applied', outcomes: [refused, { kind: 'applied' }] });
});

test('a bug in applying is thrown, not taken for an unavailable store', async () => {
  const { accepted } = whileAccepting({ apply: () => Promise.reject(new TypeError('a bug')) });
  await expect(accepted).rejects.toThrow('a bug');
});
