import { expect, test } from 'vitest';
import { Configuration } from '../../functions/core/bindery-json.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { intake } from '../../functions/events/intake.ts';
import { openSources } from '../../functions/events/source.ts';
import { SOURCE_KINDS } from '../../infra/source-kinds.ts';
import { PROVIDERS } from '../../local/providers/providers.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import { present } from '../sim/random.ts';
import { variantsOf } from '../world/variants.ts';

const NOW = '2026-11-28T12:00:00.250Z';
const sample = { account: 'alice', session: 's1', now: new Date(NOW) };

type World = { readonly isDown?: boolean; readonly parksNothing?: boolean };

/** A source of a kind, with a queue of its name, in front of a queue of operations that only collects. */
function world(kind: string, { isDown = false, parksNothing = false }: World = {}) {
  const configuration = Configuration.parse({
    apps: [{ id: 'phone', dialect: 'tpns', platform: 'android' }],
    sources: [{ id: kind, kind, apps: ['phone'], options: present(PROVIDERS[kind]).options?.({}) ?? {} }],
  });
  const nowMs = Date.parse(NOW);
  const sources = openSources(configuration, (name) => present(SOURCE_KINDS.get(name)), { fetch, now: () => nowMs });
  const queued: Operation[] = [];
  const parked: [source: string, body: string, reason: string][] = [];
  const take = intake({
    sourceOf: (queue) => sources.get(queue),
    accept: async (_, operations) => {
      if (isDown) return { kind: 'unavailable', reason: 'down' };
      queued.push(...operations);
      return { kind: 'accepted', outcomes: operations.map(() => ({ kind: 'applied' })) };
    },
    store: memoryRegistryStore(),
    now: () => nowMs,
    park: async (...one) => {
      if (parksNothing) throw new Unavailable('down');
      parked.push(one);
    },
  });
  const send = (body: unknown, id = 'm1') =>
    take({ id, queue: kind, receives: 1, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { send, queued, parked };
}

const KINDS = ['sqs', 'eventbridge', 'cognito'];
const WITHOUT = { SignUp: undefined, 'AdminDeleteUser, failed': undefined };
const shapeOf = { sqs: (event: object) => event, eventbridge: enveloped };

/** An event of ours as EventBridge wraps it, with its time and id in `detail`. */
function enveloped({ type, data, ...own }: { type?: string; data?: object }) {
  return { version: '0', id: 'e1', 'detail-type': type, time: '2026-11-28T12:00:00Z', detail: { ...data, ...own } };
}
const login = { type: 'user.login', timestamp: NOW, data: { token: 'token-1', account: 'alice' } };

test.each(Object.entries(shapeOf))('a message of %s is accepted as a request is', async (kind, shape) => {
  const { send, queued } = world(kind);
  expect(await send(shape(login))).toMatchObject({ kind: 'done', id: 'm1', source: kind, app: 'phone', events: 1 });
  expect(queued).toMatchObject([{ kind: 'bindOverriding', token: 'token-1', accounts: [{ type: 0, id: 'alice' }] }]);
});

test.each(KINDS)('each sample of %s has its effect', async (kind) => {
  const expected = { 'user.logout': 'endAccountSession', 'user.created': undefined, ...WITHOUT };
  for (const [type, make] of Object.entries(present(PROVIDERS[kind]).events)) {
    const { send, queued } = world(kind);
    expect(await send(make(sample))).toMatchObject({ kind: 'done' });
    const operation = type in expected ? Reflect.get(expected, type) : 'unbindAccountFromAll';
    expect([type, queued.map((one) => one.kind)]).toEqual([type, [operation].filter(Boolean)]);
  }
});

test('a record of CloudTrail without a sub names no user, and its time has whole seconds', async () => {
  const make = present(PROVIDERS['cognito']?.events['AdminDeleteUser']);
  const [named, unnamed] = [world('cognito'), world('cognito')];
  const record = make(sample);
  await named.send(record);
  expect(named.queued).toMatchObject([{ kind: 'unbindAccountFromAll', account: { type: 0, id: 'alice' } }]);
  expect(named.queued[0]?.stamp).toMatch(/^1795867200999/);
  const detail = { ...Object(Reflect.get(Object(record), 'detail')), additionalEventData: null };
  expect(await unnamed.send({ ...Object(record), detail })).toMatchObject({ kind: 'done', ignored_no_account: 1 });
  expect(unnamed.queued).toEqual([]);
});

test('a message to sqs may be a list of events', async () => {
  const { send, queued } = world('sqs');
  await send([1, 2].map((i) => ({ ...login, id: `e${i}`, data: { token: `token-${i}`, account: 'alice' } })));
  expect(queued).toHaveLength(2);
});

test.each(Object.entries(shapeOf))(
  'a copy of %s that another attempt sent makes the same operations',
  async (kind, shape) => {
    const [first, again] = [world(kind), world(kind)];
    await first.send(shape(login), 'm1');
    await again.send(
      { ...shape(login), ...(kind === 'eventbridge' && { id: 'e2', time: '2026-11-28T12:00:01Z' }) },
      'm2',
    );
    expect(again.queued).toEqual(first.queued);
  },
);

test('an envelope without a time in its detail has its own, in whole seconds', async () => {
  const { send, queued } = world('eventbridge');
  const { timestamp: _, ...untimed } = login;
  await send(enveloped(untimed));
  expect(queued[0]?.stamp).toMatch(/^1795867200000/);
});

test.each([
  ['sqs', '{', 'not_json'],
  ['sqs', { ...login, timestamp: '2020-01-01T00:00:00Z' }, 'impossible_time'],
  ['sqs', { ...login, data: {} }, 'invalid_event'],
  ['sqs', `"${'x'.repeat(300_000)}"`, 'too_large'],
  ['eventbridge', 'null', 'invalid_event'],
  ['eventbridge', enveloped({ ...login, data: { tokens: 1 } }), 'invalid_event'],
])('a message to %s that is no valid event is parked with its reason: %j', async (kind, body, reason) => {
  const { send, queued, parked } = world(kind);
  expect(await send(body)).toMatchObject({ kind: 'done', parked: 1, reason });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  expect([queued, parked]).toEqual([[], [[kind, text, reason]]]);
});

test('a message stays on the queue while it cannot be accepted, or cannot be parked', async () => {
  expect(await world('sqs', { isDown: true }).send(login)).toMatchObject({
    kind: 'retry',
    reason: 'down',
    waitMs: 1000,
  });
  expect(await world('sqs', { parksNothing: true }).send('{')).toMatchObject({ kind: 'retry', parking: 'down' });
  const ahead = { ...login, timestamp: '2026-11-28T12:01:00.250Z' };
  expect(await world('sqs').send(ahead)).toMatchObject({ kind: 'retry', reason: 'not_yet', waitMs: 60_000 });
});

test.each(KINDS)('no variant of a message of %s makes a fault of ours, and none is retried', async (kind) => {
  for (const make of Object.values(present(PROVIDERS[kind]).events))
    for (const body of variantsOf(make(sample))) {
      const { kind: result } = await world(kind).send(body ?? '');
      expect([result, body]).toEqual(['done', body]);
    }
});
