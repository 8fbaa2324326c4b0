import { expect, test } from 'vitest';
import { Unavailable } from '../../functions/core/outcome.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { HELD_BACK } from '../../functions/mirror/hosted.ts';
import type { Marks } from '../../functions/mirror/mark.ts';
import { pushMessages } from '../../functions/mirror/push.ts';
import { account, key } from '../world/examples.ts';
import { mark, mirrorWorld, NOW, token } from '../world/mirror.ts';

const bind = (name: string, ...names: string[]) => ({ token: token(name), accounts: names.map(account) });

/** A mirror with one login that no mark has named yet. */
async function signedIn(mirror?: Parameters<typeof mirrorWorld>[0]) {
  const world = mirrorWorld(mirror);
  await world.login('phone', 'alice');
  return world;
}

test("a dirty token gets its accounts on the hosted API, in that API's types", async () => {
  const { login, push, hostedOf } = mirrorWorld();
  await login('phone', 'alice', 'alice@x.org:2');
  expect(await push({ tokens: [mark('phone')] })).toMatchObject([{ kind: 'done' }]);
  expect(hostedOf('phone')).toEqual([key('alice'), key('alice@x.org:1005')]);
});

test('a token without accounts is unbound from everything', async () => {
  const { logout, push, calls, clock } = await signedIn();
  clock.ms++;
  await logout('phone');
  await push({ tokens: [mark('phone')] });
  expect(calls).toEqual([{ kind: 'unbindTokenFromAll', tokens: ['phone'] }]);
});

test('a token is one element of one call, however many marks name it, unless a mark is received again', async () => {
  const { push, message, deliver, calls } = await signedIn();
  const body = message({ tokens: [mark('phone'), mark('phone')] });
  expect(await deliver(body, body, body)).toMatchObject([{ kind: 'done' }, { kind: 'done' }, { kind: 'done' }]);
  expect(calls).toEqual([{ kind: 'bindOverriding', elements: [bind('phone', 'alice')] }]);
  await push({ tokens: [mark('phone')] });
  expect(calls).toHaveLength(1);
  await push({ tokens: [mark('phone')] }, 2);
  expect(calls).toHaveLength(2);
});

test('a push unbinds by name the accounts that an override of other types leaves', async () => {
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

test('an account whose type does not exist there is counted, and the others are pushed', async () => {
  const { login, push, notes, hostedOf } = mirrorWorld();
  await login('phone', 'alice', 'visitor:2000');
  await push({ tokens: [mark('phone')] });
  expect(hostedOf('phone')).toEqual([key('alice')]);
  expect(notes).toContainEqual({ kind: 'untranslatable', accounts: 1 });
});

test('a push is verified after the settle time', async () => {
  const { push, checked } = await signedIn({ settleS: 7 });
  await push({ tokens: [mark('phone')] });
  expect(checked).toEqual([{ cause: 'push', delayS: 7, checks: [{ token: 'phone', id: 'request', pushedMs: NOW }] }]);
});

test('a push is verified even if its state cannot be saved', async () => {
  const { ports, push, checked } = await signedIn();
  const writeState = async () => {
    throw new Unavailable('Down');
  };
  Object.assign(ports, { states: { ...ports.states, writeState } });
  expect(await push({ tokens: [mark('phone')] })).toMatchObject([{ kind: 'retry' }]);
  expect(checked).toMatchObject([{ cause: 'push', checks: [{ token: 'phone', pushedMs: NOW }] }]);
});

test('the note of a push has the time since the oldest change', async () => {
  const { push, notes } = await signedIn();
  await push({ tokens: [mark('phone', { ms: NOW - 250, id: 'r1' }), mark('phone', { ms: NOW - 90, id: 'r2' })] });
  expect(notes).toEqual([{ kind: 'pushed', tokens: 1, lagMs: 250, requests: 'r2' }]);
});

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
] as const)('a push that gets %j keeps its message', async (answer, why) => {
  const { login, push, trouble, checked, calls } = mirrorWorld();
  for (let i = 0; i < 30; i++) await login(`phone-${i}`, 'alice');
  trouble.of = () => answer;
  const marks = Array.from({ length: 30 }, (_, i) => mark(`phone-${i}`));
  expect(await push({ tokens: marks })).toMatchObject([{ kind: 'retry', ...why }]);
  // The second call would fare no better. What was sent may have arrived all the same.
  const asked = answer.kind === 'unauthorized' ? [] : [20];
  expect([calls.length, checked.map(({ checks }) => checks.length)]).toEqual([1, asked]);
});

test("a push without an answer makes a token's accounts unknown until the next push", async () => {
  const { login, push, trouble, clock, states, app, checked, verify, hostedOf } = await signedIn();
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

test('a blocked API causes no reads, and the marks wait on the queue', async () => {
  const { ports, deliver, message, calls, checked } = await signedIn();
  const unread = () => Promise.reject(new Error('this was read for nothing'));
  const closed = {
    ...ports,
    hosted: { ...ports.hosted, blockedMs: () => 1_500 },
    states: { ...ports.states, states: unread },
    registry: { ...ports.registry, documents: unread },
  };
  const blocked = await pushMessages(new Map([[ports.app.id, closed]]), [
    { body: message({ tokens: [mark('phone'), mark('tablet')] }), receives: 3 },
  ]);
  expect(blocked).toMatchObject([{ kind: 'retry', reason: HELD_BACK, waitMs: 1_500 }]);
  expect([calls, checked]).toEqual([[], []]);
  expect(await deliver(message({ tokens: [mark('phone')] }))).toMatchObject([{ kind: 'done' }]);
  expect(calls).toHaveLength(1);
});

test('a blocked call changes no state', async () => {
  const { push, trouble, states, app } = await signedIn();
  trouble.of = () => ({ kind: 'unavailable', reason: HELD_BACK, retryAfterMs: 1_000 });
  expect(await push({ tokens: [mark('phone')] })).toMatchObject([{ kind: 'retry', reason: HELD_BACK }]);
  expect(await states.states(app.id, [token('phone')])).toMatchObject([{ version: 0 }]);
});

test('a token unknown to the hosted API is dropped with the reason and not verified', async () => {
  const { push, trouble, checked, notes, states, app } = await signedIn();
  trouble.of = () => ({ kind: 'answered', results: ['unknownToken'] });
  expect(await push({ tokens: [mark('phone')] })).toMatchObject([{ kind: 'done' }]);
  expect(checked).toEqual([]);
  expect(notes).toEqual([{ kind: 'dropped', reason: 'unknownToken', requests: 'request' }]);
  expect((await states.states(app.id, [token('phone')]))[0]?.state.dropped).toBe('unknownToken');
});

test('a removal of a token unknown to the hosted API succeeds', async () => {
  const { logout, push, trouble, notes } = mirrorWorld();
  await logout('phone');
  trouble.of = () => ({ kind: 'answered', results: ['unknownToken'] });
  await push({ tokens: [mark('phone')] });
  expect(notes).toMatchObject([{ kind: 'pushed', tokens: 1 }]);
});

test('an element that the hosted API cannot do now is verified later and does not delay the others', async () => {
  const { login, push, trouble, checked, verifyAsked, marked, hostedOf } = await signedIn();
  await login('tablet', 'bobby');
  trouble.of = () => ({ kind: 'answered', results: ['unavailable', 'done'] });
  expect(await push({ tokens: [mark('phone'), mark('tablet')] })).toMatchObject([{ kind: 'done' }]);
  expect(checked[0]?.checks.map((check) => check.token)).toEqual(['phone', 'tablet']);
  trouble.of = () => undefined;
  await verifyAsked();
  for (const marks of marked.splice(0)) await push(marks);
  expect([hostedOf('phone'), hostedOf('tablet')]).toEqual([[key('alice')], [key('bobby')]]);
});

test('a refused call is made in halves until the refused element is found', async () => {
  const { login, push, trouble, notes, hostedOf } = mirrorWorld();
  const names = Array.from({ length: 20 }, (_, i) => `phone-${i}`);
  for (const name of names) await login(name, 'alice');
  trouble.of = (request) =>
    JSON.stringify(request).includes('"phone-13"') ? { kind: 'refused', reason: 'code 1008007' } : undefined;
  expect(await push({ tokens: names.map((name) => mark(name)) })).toMatchObject([{ kind: 'done' }]);
  expect(names.filter((name) => hostedOf(name).length === 0)).toEqual(['phone-13']);
  expect(notes).toContainEqual({ kind: 'dropped', reason: 'code 1008007', requests: 'request' });
});

test('marks stay on the queue if no time is left for another call', async () => {
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

test('an account that lost every token is unbound at once, and each known token is marked', async () => {
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

test('an account of many tokens is marked page by page, each message from the place where the one before ended', async () => {
  const { apply, app, push, calls, marked, clock } = mirrorWorld();
  const names = Array.from({ length: 150 }, (_, i) => `phone-${String(i).padStart(3, '0')}`);
  const on = { app: app.id, accounts: [account('alice')], stamp: stampOf('bind', NOW, eventHash('many')) };
  await apply(...names.map((name) => ({ kind: 'bind' as const, token: token(name), ...on })));
  for (let accounts: Marks['accounts'] = [{ account: account('alice'), id: 'r9', ms: NOW }]; accounts.length > 0; ) {
    clock.ms += 1_000;
    expect(await push({ accounts })).toMatchObject([{ kind: 'done' }]);
    accounts = marked.at(-1)?.accounts ?? [];
  }
  expect(marked.map(({ tokens }) => tokens.length)).toEqual([64, 64, 22]);
  expect(marked.flatMap(({ tokens }) => tokens.map((one): string => one.token))).toEqual(names);
  const forced = new Set(marked.flatMap(({ tokens }) => tokens.map(({ forcedMs }) => forcedMs)));
  expect([...forced]).toEqual([NOW + 1_000]);
  expect(calls).toHaveLength(1);
});

test('an account stays marked while the hosted API does not answer', async () => {
  const { push, trouble, marked } = mirrorWorld();
  trouble.of = () => ({ kind: 'unavailable', reason: 'timeout' });
  const accounts = [{ account: account('alice'), id: 'r9', ms: NOW }];
  expect(await push({ accounts })).toMatchObject([{ kind: 'retry', reason: 'timeout' }]);
  expect(marked).toEqual([]);
});

test('mode observe pushes nothing and has changed tokens verified', async () => {
  const { push, calls, checked, marked } = await signedIn({ mode: 'observe', settleS: 5 });
  const accounts = [{ account: account('alice'), id: 'r9', ms: NOW }];
  expect(await push({ tokens: [mark('phone')], accounts })).toMatchObject([{ kind: 'done' }]);
  expect(calls).toEqual([]);
  expect(checked).toEqual([{ cause: 'push', delayS: 5, checks: [{ token: 'phone', id: 'request' }] }]);
  expect(marked).toHaveLength(1);
});

test.each(['', '{', '[]', '{"v":2,"app":"shop"}', '{"v":1,"app":"shop","tokens":[{"token":""}]}'])(
  'the unreadable message %s stays on the queue',
  async (body) => {
    expect(await mirrorWorld().deliver(body)).toEqual([{ kind: 'retry', reason: 'unreadable' }]);
  },
);

test('a message of an app without a mirror leaves the queue', async () => {
  const { deliver, message, calls } = mirrorWorld();
  const other = message({ tokens: [mark('phone')] }).replace('"shop"', '"other"');
  expect(await deliver(other)).toMatchObject([{ kind: 'done', app: 'other' }]);
  expect(calls).toEqual([]);
});

test('a message stays while the registry, the states or the queue of checks is unavailable', async () => {
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

test('a token whose document cannot be read keeps its own mark, and its neighbours are pushed and verified', async () => {
  const { login, deliver, message, table, app, hostedOf, verify, clock, marked, bound } = mirrorWorld();
  const names = ['phone', 'bad', 'tablet', 'watch'];
  for (const name of names) await login(name, 'alice');
  table.unreadable.add(`${app.id}#bad`);
  const results = await deliver(...names.map((name) => message({ tokens: [mark(name)] })));
  const unreadable = { kind: 'retry', reason: 'unreadable item' };
  expect(results).toMatchObject([{ kind: 'done' }, unreadable, { kind: 'done' }, { kind: 'done' }]);
  expect(names.map(hostedOf)).toEqual([[key('alice')], [], [key('alice')], [key('alice')]]);
  clock.ms += 3_600_000;
  bound.set(token('watch'), []);
  for (const cause of ['push', 'sweep'] as const)
    expect(await verify(cause, ...names.map((name) => ({ token: token(name), id: 'r' })))).toMatchObject([unreadable]);
  expect(marked.map(({ tokens }) => tokens.map(({ token }) => token))).toEqual([['watch'], ['watch']]);
});
