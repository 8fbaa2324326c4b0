import { describe, expect, test } from 'vitest';
import { Unavailable } from '../../functions/core/outcome.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { HELD_BACK } from '../../functions/mirror/hosted.ts';
import { pushMessages } from '../../functions/mirror/push.ts';
import { account, key } from '../world/examples.ts';
import { mark, mirrorWorld, NOW, token } from '../world/mirror.ts';

const bind = (name: string, ...names: string[]) => ({ token: token(name), accounts: names.map(account) });

describe('a token marked dirty', () => {
  test('is made equal on the hosted side, in its account types', async () => {
    const { login, push, hostedOf } = mirrorWorld();
    await login('phone', 'alice', 'alice@x.org:2');
    expect(await push({ tokens: [mark('phone')] })).toMatchObject([{ kind: 'done' }]);
    expect(hostedOf('phone')).toEqual([key('alice'), key('alice@x.org:1005')]);
  });

  test('that holds nothing is unbound from everything', async () => {
    const { login, logout, push, calls, clock } = mirrorWorld();
    await login('phone', 'alice');
    clock.ms++;
    await logout('phone');
    await push({ tokens: [mark('phone')] });
    expect(calls).toEqual([{ kind: 'unbindTokenFromAll', tokens: ['phone'] }]);
  });

  test('costs one element of one call, however many marks name it', async () => {
    const { login, push, message, deliver, calls } = mirrorWorld();
    await login('phone', 'alice');
    const body = message({ tokens: [mark('phone'), mark('phone')] });
    expect(await deliver(body, body, body)).toMatchObject([{ kind: 'done' }, { kind: 'done' }, { kind: 'done' }]);
    expect(calls).toEqual([{ kind: 'bindOverriding', elements: [bind('phone', 'alice')] }]);
    await push({ tokens: [mark('phone')] });
    expect(calls).toHaveLength(1);
  });

  test('is told what it holds now, not what it held when it was marked', async () => {
    const { login, push, clock, hostedOf } = mirrorWorld();
    await login('phone', 'alice');
    clock.ms++;
    await login('phone', 'bobby');
    await push({ tokens: [mark('phone')] });
    expect(hostedOf('phone')).toEqual([key('bobby')]);
  });

  test('goes in a call with nineteen others', async () => {
    const { login, push, calls } = mirrorWorld();
    const names = Array.from({ length: 45 }, (_, i) => `phone-${i}`);
    for (const name of names) await login(name, 'alice');
    await push({ tokens: names.map((name) => mark(name)) });
    expect(calls).toHaveLength(3);
  });

  test('loses by name what an override of other types would leave there', async () => {
    const { login, push, calls, clock, hostedOf, logout } = mirrorWorld();
    await login('phone', 'alice', 'alice@x.org:2');
    await push({ tokens: [mark('phone')] });
    clock.ms++;
    await logout('phone');
    clock.ms++;
    await login('phone', 'bobby');
    await push({ tokens: [mark('phone')] });
    expect(hostedOf('phone')).toEqual([key('bobby')]);
    expect(calls.slice(1)).toEqual([
      { kind: 'unbind', elements: [bind('phone', 'alice@x.org:1005')] },
      { kind: 'bindOverriding', elements: [bind('phone', 'bobby')] },
    ]);
  });

  test('received a second time is told again: whoever had it first may have ended before writing down what', async () => {
    const { login, push, calls } = mirrorWorld();
    await login('phone', 'alice');
    await push({ tokens: [mark('phone')] });
    await push({ tokens: [mark('phone')] }, 2);
    expect(calls).toHaveLength(2);
  });

  test('with an account whose type has no counterpart is told about the others, and the account is counted', async () => {
    const { login, push, notes, hostedOf } = mirrorWorld();
    await login('phone', 'alice', 'visitor:2000');
    await push({ tokens: [mark('phone')] });
    expect(hostedOf('phone')).toEqual([key('alice')]);
    expect(notes).toContainEqual({ kind: 'untranslatable', accounts: 1 });
  });

  test('is compared after the settle time, as of this push', async () => {
    const { login, push, checked } = mirrorWorld({ settleS: 7 });
    await login('phone', 'alice');
    await push({ tokens: [mark('phone')] });
    expect(checked).toEqual([{ cause: 'push', delayS: 7, checks: [{ token: 'phone', id: 'request', pushedMs: NOW }] }]);
  });

  test('is compared also where what it was told cannot be written down', async () => {
    const { ports, login, push, checked } = mirrorWorld();
    await login('phone', 'alice');
    const writeState = async () => {
      throw new Unavailable('Down');
    };
    Object.assign(ports, { states: { ...ports.states, writeState } });
    expect(await push({ tokens: [mark('phone')] })).toMatchObject([{ kind: 'retry' }]);
    expect(checked).toMatchObject([{ cause: 'push', checks: [{ token: 'phone', pushedMs: NOW }] }]);
  });

  test('says how long after the change the hosted side was told', async () => {
    const { login, push, notes } = mirrorWorld();
    await login('phone', 'alice');
    await push({ tokens: [mark('phone', { ms: NOW - 250, id: 'r1' }), mark('phone', { ms: NOW - 90, id: 'r2' })] });
    expect(notes).toEqual([{ kind: 'pushed', tokens: 1, lagMs: 250, requests: 'r2' }]);
  });
});

describe('what the hosted side answers decides', () => {
  test.each([
    [
      { kind: 'unavailable', reason: 'HTTP 503', retryAfterMs: 9_000 },
      { reason: 'HTTP 503', waitMs: 9_000 },
    ],
    [{ kind: 'unavailable', reason: 'timeout' }, { reason: 'timeout' }],
    [
      { kind: 'unauthorized', reason: 'code 1008030' },
      { reason: 'code 1008030', waitMs: 300_000 },
    ],
  ] as const)('%j keeps the message', async (answer, why) => {
    const { login, push, trouble, checked, calls } = mirrorWorld();
    for (let i = 0; i < 30; i++) await login(`phone-${i}`, 'alice');
    trouble.of = () => answer;
    const marks = Array.from({ length: 30 }, (_, i) => mark(`phone-${i}`));
    expect(await push({ tokens: marks })).toMatchObject([{ kind: 'retry', ...why }]);
    // The second call would fare no better. What was sent may have arrived all the same.
    const asked = answer.kind === 'unauthorized' ? [] : [20];
    expect([calls.length, checked.map(({ checks }) => checks.length)]).toEqual([1, asked]);
  });

  test('nothing leaves nobody knowing what a token holds, so that nothing is found equal until it is told again', async () => {
    const { login, push, trouble, clock, states, app, checked, verify, hostedOf } = mirrorWorld();
    await login('phone', 'alice');
    await push({ tokens: [mark('phone')] });
    const { checks = [] } = checked.splice(0)[0] ?? {};
    clock.ms += 59_000;
    await login('phone', 'bobby');
    trouble.of = () => ({ kind: 'unavailable', reason: 'timeout' });
    await push({ tokens: [mark('phone', { ms: clock.ms })] });
    const state = async () => (await states.states(app.id, [token('phone')]))[0]?.state;
    expect(await state()).toMatchObject({ pushedMs: clock.ms, seen: [key('bobby'), key('alice')] });
    expect(await state()).not.toHaveProperty('pushed');
    trouble.of = () => undefined;
    clock.ms += 1_000;
    await verify('push', ...checks);
    expect(await state()).not.toHaveProperty('pushed');
    await push({ tokens: [mark('phone')] });
    expect(hostedOf('phone')).toEqual([key('bobby')]);
  });

  test('while no call will be made nothing is read either: the marks wait for as long as it takes', async () => {
    const { ports, login, deliver, message, calls, checked } = mirrorWorld();
    await login('phone', 'alice');
    const unread = () => Promise.reject(new Error('this was read for nothing'));
    const closed = {
      ...ports,
      hosted: { ...ports.hosted, blockedMs: () => 1_500 },
      states: { ...ports.states, states: unread },
      registry: { ...ports.registry, documents: unread },
    };
    const held = await pushMessages(new Map([[ports.app.id, closed]]), [
      { body: message({ tokens: [mark('phone'), mark('tablet')] }), receives: 3 },
    ]);
    expect(held).toMatchObject([{ kind: 'retry', reason: HELD_BACK, waitMs: 1_500 }]);
    expect([calls, checked]).toEqual([[], []]);
    expect(await deliver(message({ tokens: [mark('phone')] }))).toMatchObject([{ kind: 'done' }]);
    expect(calls).toHaveLength(1);
  });

  test('what the guard held back was never told, and changes nothing that is known', async () => {
    const { login, push, trouble, states, app } = mirrorWorld();
    await login('phone', 'alice');
    trouble.of = () => ({ kind: 'unavailable', reason: HELD_BACK, retryAfterMs: 1_000 });
    expect(await push({ tokens: [mark('phone')] })).toMatchObject([{ kind: 'retry', reason: HELD_BACK }]);
    expect(await states.states(app.id, [token('phone')])).toMatchObject([{ version: 0 }]);
  });

  test('a token it does not know is dropped with the reason, and nobody asks about it', async () => {
    const { login, push, trouble, checked, notes, states, app } = mirrorWorld();
    await login('phone', 'alice');
    trouble.of = () => ({ kind: 'answered', results: ['unknownToken'] });
    expect(await push({ tokens: [mark('phone')] })).toMatchObject([{ kind: 'done' }]);
    expect(checked).toEqual([]);
    expect(notes).toEqual([{ kind: 'dropped', reason: 'unknownToken', requests: 'request' }]);
    expect((await states.states(app.id, [token('phone')]))[0]?.state.dropped).toBe('unknownToken');
  });

  test('a token it does not know holds nothing, which is all that a removal wants', async () => {
    const { logout, push, trouble, notes } = mirrorWorld();
    await logout('phone');
    trouble.of = () => ({ kind: 'answered', results: ['unknownToken'] });
    await push({ tokens: [mark('phone')] });
    expect(notes).toMatchObject([{ kind: 'pushed', tokens: 1 }]);
  });

  test('one element that is not done now is compared later, and its message does not hold up the others', async () => {
    const { login, push, trouble, checked, verifyAsked, marked, hostedOf } = mirrorWorld();
    await login('phone', 'alice');
    await login('tablet', 'bobby');
    trouble.of = () => ({ kind: 'answered', results: ['unavailable', 'done'] });
    expect(await push({ tokens: [mark('phone'), mark('tablet')] })).toMatchObject([{ kind: 'done' }]);
    expect(checked[0]?.checks.map((check) => check.token)).toEqual(['phone', 'tablet']);
    trouble.of = () => undefined;
    await verifyAsked();
    for (const marks of marked.splice(0)) await push(marks);
    expect([hostedOf('phone'), hostedOf('tablet')]).toEqual([[key('alice')], [key('bobby')]]);
  });

  test('a call that is refused is made in halves until the one to blame is found', async () => {
    const { login, push, trouble, notes, hostedOf } = mirrorWorld();
    const names = Array.from({ length: 20 }, (_, i) => `phone-${i}`);
    for (const name of names) await login(name, 'alice');
    trouble.of = (request) =>
      JSON.stringify(request).includes('"phone-13"') ? { kind: 'refused', reason: 'code 1008007' } : undefined;
    expect(await push({ tokens: names.map((name) => mark(name)) })).toMatchObject([{ kind: 'done' }]);
    expect(names.filter((name) => hostedOf(name).length === 0)).toEqual(['phone-13']);
    expect(notes).toContainEqual({ kind: 'dropped', reason: 'code 1008007', requests: 'request' });
  });

  test('with no time left for another call, the rest stays', async () => {
    const { login, push, trouble, clock, calls } = mirrorWorld();
    const names = Array.from({ length: 60 }, (_, i) => `phone-${i}`);
    for (const name of names) await login(name, 'alice');
    trouble.of = () => {
      clock.ms += 8_000;
      return undefined;
    };
    expect(await push({ tokens: names.map((name) => mark(name)) })).toMatchObject([
      { kind: 'retry', reason: 'out of time' },
    ]);
    expect(calls).toHaveLength(2);
  });
});

describe('an account that lost every token', () => {
  test('loses them on the hosted side at once, and each token we know is marked', async () => {
    const { login, apply, app, push, calls, marked } = mirrorWorld();
    await login('phone', 'alice:2');
    await login('tablet', 'alice:2');
    const kind = 'unbindAccountFromAll';
    await apply({ kind, app: app.id, account: account('alice:2'), stamp: stampOf(kind, NOW + 1, eventHash('all')) });
    await push({ accounts: [{ account: account('alice:2'), id: 'r9', ms: NOW + 1 }] });
    expect(calls).toEqual([{ kind, accounts: [account('alice:1005')] }]);
    expect(marked.flatMap(({ tokens }) => tokens)).toEqual([
      mark('phone', { id: 'r9', ms: NOW + 1, removes: true, forcedMs: NOW }),
      mark('tablet', { id: 'r9', ms: NOW + 1, removes: true, forcedMs: NOW }),
    ]);
  });

  test('and signed in again is told again, since the removal on the hosted side may be later than that', async () => {
    const { login, push, marked, hostedOf } = mirrorWorld();
    await login('phone', 'alice');
    await push({ tokens: [mark('phone')] });
    await push({ accounts: [{ account: account('alice'), id: 'r9', ms: NOW - 1 }] });
    expect(hostedOf('phone')).toEqual([]);
    for (const marks of marked.splice(0)) await push(marks);
    expect(hostedOf('phone')).toEqual([key('alice')]);
  });

  test('stays marked while the hosted side cannot be told', async () => {
    const { push, trouble, marked } = mirrorWorld();
    trouble.of = () => ({ kind: 'unavailable', reason: 'timeout' });
    const accounts = [{ account: account('alice'), id: 'r9', ms: NOW }];
    expect(await push({ accounts })).toMatchObject([{ kind: 'retry', reason: 'timeout' }]);
    expect(marked).toEqual([]);
  });
});

describe('in mode observe', () => {
  test('nothing is told; what changed is compared', async () => {
    const { login, push, calls, checked, marked } = mirrorWorld({ mode: 'observe', settleS: 5 });
    await login('phone', 'alice');
    const accounts = [{ account: account('alice'), id: 'r9', ms: NOW }];
    expect(await push({ tokens: [mark('phone')], accounts })).toMatchObject([{ kind: 'done' }]);
    expect(calls).toEqual([]);
    expect(checked).toEqual([{ cause: 'push', delayS: 5, checks: [{ token: 'phone', id: 'request' }] }]);
    expect(marked).toHaveLength(1);
  });
});

describe('a message', () => {
  test.each(['', '{', '[]', '{"v":2,"app":"shop"}', '{"v":1,"app":"shop","tokens":[{"token":""}]}'])(
    'that reads %s stays',
    async (body) => {
      expect(await mirrorWorld().deliver(body)).toEqual([{ kind: 'retry', reason: 'unreadable' }]);
    },
  );

  test('of an app that has no mirror any more leaves the queue', async () => {
    const { deliver, message, calls } = mirrorWorld();
    const other = message({ tokens: [mark('phone')] }).replace('"shop"', '"other"');
    expect(await deliver(other)).toMatchObject([{ kind: 'done', app: 'other' }]);
    expect(calls).toEqual([]);
  });

  test('stays while the registry, the states or the queue of checks cannot be reached', async () => {
    for (const part of ['registry', 'states', 'check'] as const) {
      const { ports, login, push } = mirrorWorld();
      await login('phone', 'alice');
      const down = async () => {
        throw new Unavailable('Down');
      };
      const broken = { registry: { documents: down }, states: { states: down }, check: down }[part];
      Object.assign(ports, { [part]: typeof broken === 'function' ? broken : { ...ports[part], ...broken } });
      expect(await push({ tokens: [mark('phone')] })).toMatchObject([{ kind: 'retry', reason: 'Down' }]);
    }
  });
});
