import { expect, test } from 'vitest';
import { Unavailable } from '../../functions/core/outcome.ts';
import { type AcceptPorts, accepting } from '../../functions/operations/accept.ts';
import { bind, unbindAll } from '../world/examples.ts';

const operations = [bind(1, ['alice']), unbindAll(2)];

/** A accepting whose ports do as told, and everything that happened, in order. */
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

test('operations on the queue are durable and not yet applied when one of them could not be applied', async () => {
  const apply = async () => [{ kind: 'applied' }, { kind: 'unavailable', reason: 'TimeoutError' }] as const;
  const { accepted } = whileAccepting({ apply: async () => [...(await apply())] });
  expect(await accepted).toEqual({ kind: 'durable' });
});

test('operations on the queue are durable and not yet applied when the store is unavailable', async () => {
  const { accepted } = whileAccepting({ apply: () => Promise.reject(new Unavailable('TimeoutError')) });
  expect(await accepted).toEqual({ kind: 'durable' });
});

test('operations on the queue are durable and not yet applied after the longest time that a caller waits', async () => {
  const { accepted } = whileAccepting({ withinBudget: async () => 'late' });
  expect(await accepted).toEqual({ kind: 'durable' });
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
