import { describe, expect, test } from 'vitest';
import { type DispatchPorts, dispatcher } from '../../functions/core/dispatch.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { bind, unbindAll } from './examples.ts';

const operations = [bind(1, ['alice']), unbindAll(2)];

/** A dispatcher whose ports do as told, and everything that happened, in order. */
function dispatching(ports: Partial<DispatchPorts>) {
  const happened: string[] = [];
  const dispatch = dispatcher({
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
  return { happened, dispatched: dispatch('request-1', operations) };
}

test('operations are on the queue before they are applied, and then in effect', async () => {
  const { happened, dispatched } = dispatching({});
  expect(await dispatched).toEqual({ kind: 'effective', outcomes: [{ kind: 'applied' }, { kind: 'applied' }] });
  expect(happened).toEqual(['enqueue request-1 2', 'apply 2']);
});

test('a queue that does not take them leaves everything as it was', async () => {
  const { happened, dispatched } = dispatching({
    enqueue: () => Promise.reject(new Unavailable('ThrottlingException')),
  });
  expect(await dispatched).toEqual({ kind: 'unavailable', reason: 'ThrottlingException' });
  expect(happened).toEqual(['enqueue request-1 2']);
});

describe('operations on the queue are durable and not yet in effect', () => {
  test('when one of them could not be applied', async () => {
    const apply = async () => [{ kind: 'applied' }, { kind: 'unavailable', reason: 'TimeoutError' }] as const;
    const { dispatched } = dispatching({ apply: async () => [...(await apply())] });
    expect(await dispatched).toEqual({ kind: 'durable' });
  });

  test('when the store says "not now"', async () => {
    const { dispatched } = dispatching({ apply: () => Promise.reject(new Unavailable('TimeoutError')) });
    expect(await dispatched).toEqual({ kind: 'durable' });
  });

  test('when the time a caller waits is over', async () => {
    const { dispatched } = dispatching({ withinBudget: async () => 'late' });
    expect(await dispatched).toEqual({ kind: 'durable' });
  });
});

test('a refused operation is in effect in its way: it will never be applied', async () => {
  const refused = { kind: 'refused', reason: 'a bind older than the horizon' } as const;
  const { dispatched } = dispatching({ apply: async () => [refused, { kind: 'applied' }] });
  expect(await dispatched).toEqual({ kind: 'effective', outcomes: [refused, { kind: 'applied' }] });
});

test('a bug in applying is not taken for the world', async () => {
  const { dispatched } = dispatching({ apply: () => Promise.reject(new TypeError('a bug')) });
  await expect(dispatched).rejects.toThrow('a bug');
});
