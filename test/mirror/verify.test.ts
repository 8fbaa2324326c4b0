import { expect, test } from 'vitest';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { account, key } from '../world/examples.ts';
import { mark, mirrorWorld, NOW, token } from '../world/mirror.ts';

/** A token that was pushed, and whose settle time is over. */
async function pushed(mirror: Parameters<typeof mirrorWorld>[0] = {}) {
  const world = mirrorWorld(mirror);
  await world.login('phone', 'alice');
  await world.push({ tokens: [mark('phone', { ms: NOW - 500, removes: true })] });
  const check = world.checked.splice(0)[0]?.checks[0];
  if (check === undefined) throw new Error('a push has a check');
  world.clock.ms += 60_000;
  world.notes.length = 0;
  const state = async () => (await world.states.states(world.app.id, [token('phone')]))[0]?.state;
  return { ...world, check, state };
}

test('a pushed token that is equal has converged and is verified once more, much later, and then no more', async () => {
  const { verify, check, checked, notes, marked } = await pushed();
  expect(await verify('push', check)).toMatchObject([{ kind: 'done' }]);
  expect(notes).toEqual([{ kind: 'converged', tokens: 1, afterMs: 60_500, exposedMs: 500 }]);
  expect(checked).toEqual([{ cause: 'again', delayS: 600, checks: [check] }]);
  expect(marked).toEqual([]);
  checked.length = 0;
  notes.length = 0;
  await verify('again', check);
  expect([checked, notes]).toEqual([[], []]);
});

test('a token that differs is pushed again until it is equal', async () => {
  const { verify, check, bound, marked, push, hostedOf, notes, clock, checked } = await pushed();
  for (let round = 0; round < 3; round++) {
    bound.set(token('phone'), [account('mallory')]);
    clock.ms += 1_000_000;
    await verify('push', checked.splice(0)[0]?.checks[0] ?? check);
    expect(notes.splice(0)).toEqual([{ kind: 'different', by: 'push', tokens: 1, of: 1 }]);
    const [marks] = marked.splice(0);
    expect(marks?.tokens).toEqual([mark('phone', { ms: NOW - 500, removes: true, forcedMs: clock.ms })]);
    await push(marks ?? {});
    expect(hostedOf('phone')).toEqual([key('alice')]);
    notes.length = 0;
  }
  clock.ms += 1_000_000;
  await verify('push', checked.splice(0)[0]?.checks[0] ?? check);
  expect(notes).toMatchObject([{ kind: 'converged' }]);
});

test.each(['push', 'again'] as const)(
  'a token that changed after its push is pushed again and not reported as different (%s)',
  async (cause) => {
    const { verify, check, login, state, marked, notes, clock } = await pushed();
    await login('phone', 'bob');
    expect(await verify(cause, check)).toMatchObject([{ kind: 'done' }]);
    expect(notes).toEqual([]);
    expect(marked).toMatchObject([{ tokens: [{ token: token('phone'), forcedMs: clock.ms }] }]);
    expect(await state()).toMatchObject({ misses: 0 });
    expect(await state()).not.toHaveProperty('pushed');
  },
);

test('a token that keeps differing is verified less and less often', async () => {
  const { verify, check, bound, marked, push, clock, checked } = await pushed();
  const delays: (number | undefined)[] = [];
  let next = check;
  for (let round = 0; round < 6; round++) {
    bound.set(token('phone'), []);
    clock.ms += 1_000_000;
    await verify('push', next);
    await push(marked.splice(0)[0] ?? {});
    const [asked] = checked.splice(0);
    delays.push(asked?.delayS);
    next = asked?.checks[0] ?? check;
  }
  expect(delays).toEqual([120, 240, 480, 900, 900, 900]);
});

test('a check waits while a call may still be on its way, however early it comes', async () => {
  const { verify, check, clock, checked, calls, notes } = await pushed();
  clock.ms -= 1;
  const before = calls.length;
  await verify('push', check);
  expect([calls.length, notes]).toEqual([before, []]);
  expect(checked).toEqual([{ cause: 'push', delayS: 60, checks: [check] }]);
});

test('a check is dropped if a later push has its own', async () => {
  const { verify, check, login, push, calls, clock, checked } = await pushed();
  clock.ms += 1;
  await login('phone', 'bobby');
  await push({ tokens: [mark('phone')] });
  checked.length = 0;
  const before = calls.length;
  clock.ms += 1_000_000;
  await verify('push', check);
  expect([calls.length, checked]).toEqual([before, []]);
});

test('a match does not count if a push came in during the query', async () => {
  const { verify, check, login, push, clock, ports, notes } = await pushed();
  const { accountsOf } = ports.hosted;
  const meanwhile = async (...names: string[]) => {
    clock.ms += 1;
    await login('phone', ...names);
    await push({ tokens: [mark('phone')] });
  };
  const asking: typeof accountsOf = async (tokens) => {
    const answer = await accountsOf(tokens);
    await meanwhile('bobby');
    await meanwhile('alice');
    return answer;
  };
  Object.assign(ports, { hosted: { ...ports.hosted, accountsOf: asking } });
  await verify('push', check);
  expect(notes.filter(({ kind }) => kind === 'converged')).toEqual([]);
});

test('a token is not reported as different after a later sign-out everywhere', async () => {
  const { verify, check, apply, app, clock, notes, marked } = await pushed();
  const kind = 'unbindAccountFromAll';
  clock.ms += 600_000;
  await apply({ kind, app: app.id, account: account('alice'), stamp: stampOf(kind, clock.ms, eventHash('all')) });
  await verify('again', check);
  expect(notes).toEqual([]);
  expect(marked).toHaveLength(1);
});

test('the newest of several checks of one token counts', async () => {
  const { verify, check, calls } = await pushed();
  const before = calls.length;
  await verify('push', check, { ...check, pushedMs: 1 });
  expect(calls.length).toBe(before + 1);
});

test.each([
  [{ kind: 'unavailable', reason: 'timeout' }, { reason: 'timeout' }],
  [
    { kind: 'unauthorized', reason: 'code 1008003' },
    { reason: 'code 1008003', waitMs: 300_000 },
  ],
] as const)('a query that gets %j keeps its check', async (answer, why) => {
  const { verify, check, trouble, marked } = await pushed();
  trouble.of = () => answer;
  expect(await verify('push', check)).toMatchObject([{ kind: 'retry', ...why }]);
  expect(marked).toEqual([]);
});

test('a refused query is made in halves, and the refused token is dropped', async () => {
  const { verify, trouble, notes, app, states } = mirrorWorld();
  const tokens = Array.from({ length: 20 }, (_, i) => token(`phone-${i}`));
  trouble.of = (request) =>
    JSON.stringify(request).includes('"phone-7"') ? { kind: 'refused', reason: 'x' } : undefined;
  await verify('sweep', ...tokens.map((one) => ({ token: one, id: 'sweep' })));
  expect(notes).toEqual([{ kind: 'dropped', reason: 'x', requests: 'sweep' }]);
  const dropped = (await states.states(app.id, tokens)).map(({ state }) => state.dropped !== undefined);
  expect(dropped.indexOf(true)).toBe(7);
  expect(dropped.filter(Boolean)).toHaveLength(1);
});

test('replies without account types are compared by ids if the configuration says so', async () => {
  for (const untyped of [false, true]) {
    const { verify, check, bound, marked } = await pushed({ untyped });
    bound.set(token('phone'), [account('alice')]);
    await verify('push', check);
    expect(marked).toEqual([]);
  }
});

test('a sweep repairs a token that was never pushed, unless it has just changed', async () => {
  const { login, verify, calls, marked, notes, clock } = mirrorWorld();
  await login('phone', 'alice');
  clock.ms += 59_000;
  await verify('sweep', { token: token('phone'), id: 'sweep' });
  expect(calls).toEqual([]);
  clock.ms += 3_600_000;
  await verify('sweep', { token: token('phone'), id: 'sweep' });
  expect(marked).toMatchObject([{ tokens: [{ token: 'phone', forcedMs: clock.ms }] }]);
  expect(notes).toEqual([{ kind: 'different', by: 'sweep', tokens: 1, of: 1 }]);
});

test('a sweep skips a dropped token', async () => {
  const { login, verify, push, calls, clock, trouble } = mirrorWorld();
  await login('phone', 'alice');
  trouble.of = () => ({ kind: 'answered', results: ['unknownToken'] });
  await push({ tokens: [mark('phone')] });
  clock.ms += 3_600_000;
  await verify('sweep', { token: token('phone'), id: 'sweep' });
  expect(calls).toHaveLength(1);
});

test('a forgotten token that is still bound is unbound, and then gets an empty state, which can expire', async () => {
  const { verify, push, bound, marked, hostedOf, clock, states, app } = mirrorWorld();
  const seen = [key('alice')];
  await states.writeState(app.id, token('gone'), { pushed: seen, seen, pushedMs: 1, misses: 0 }, 0);
  bound.set(token('gone'), [account('alice')]);
  await verify('sweep', { token: token('gone'), id: 'sweep' });
  await push(marked.splice(0)[0] ?? {});
  expect(hostedOf('gone')).toEqual([]);
  clock.ms += 3_600_000;
  await verify('sweep', { token: token('gone'), id: 'sweep' });
  expect(marked).toEqual([]);
  expect(await states.states(app.id, [token('gone')])).toMatchObject([{ state: { pushed: [], seen: [] } }]);
});

test('mode observe reports differences and changes nothing', async () => {
  const { login, verify, marked, notes, clock, states, app } = mirrorWorld({ mode: 'observe' });
  await login('phone', 'alice');
  clock.ms += 3_600_000;
  await verify('push', { token: token('phone'), id: 'r1' }, { token: token('tablet'), id: 'r2' });
  expect(notes).toEqual([{ kind: 'different', by: 'push', tokens: 1, of: 2 }]);
  expect(marked).toEqual([]);
  expect((await states.states(app.id, [token('phone')]))[0]?.version).toBe(0);
});

test('checks of many messages share queries of twenty tokens', async () => {
  const { verify, calls } = mirrorWorld();
  await verify('sweep', ...Array.from({ length: 45 }, (_, i) => ({ token: token(`phone-${i}`), id: 'sweep' })));
  expect(calls.map((call) => (Array.isArray(call) ? call.length : 0))).toEqual([20, 20, 5]);
});
