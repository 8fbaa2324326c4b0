import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sessionOf } from '../../functions/core/operation.ts';
import { msOf } from '../../functions/core/stamp.ts';
import { KINDS } from '../../functions/events/kinds.ts';
import { SOURCE_KINDS } from '../../infra/source-kinds.ts';
import { newPrivateJwk } from '../../local/identity.ts';
import { PROVIDERS } from '../../local/providers/providers.ts';
import { present } from '../sim/random.ts';
import { type Fixture, fixturesOf, OTHER_SECRET, type ProviderWorld, providerWorld } from '../world/providers.ts';
import { variantsOf } from '../world/variants.ts';

const APP_KIND = 'standard-webhooks';
const providers = Object.keys(KINDS).filter(
  (name) => name !== APP_KIND && present(SOURCE_KINDS.get(name)).credential !== 'iam',
);
const fixtures = providers.flatMap((name) => fixturesOf(name).map(([file, fixture]) => [file, name, fixture] as const));

const worldOf = (name: string, fixture: Partial<Fixture>): ProviderWorld =>
  providerWorld(present(SOURCE_KINDS.get(name)), present(PROVIDERS[name]), fixture);

const operationsIn = ({ queued }: ProviderWorld) =>
  queued.map((one) => ({
    app: one.app,
    kind: one.kind,
    account: 'account' in one ? one.account.id : '',
    session: 'session' in one ? one.session : undefined,
    at: new Date(msOf(one.stamp)).toISOString(),
  }));

const expectedOf = ({ operations }: Fixture) =>
  operations.flatMap(({ session, ...one }) =>
    ['phone', 'tablet'].map((app) => ({
      app,
      ...one,
      session: session === undefined ? undefined : sessionOf(session),
    })),
  );

test.each(providers)('the kind %s has a stand-in, a sample of each event with an effect, and fixtures', (name) => {
  const { effects, options, keyOf, credential } = present(SOURCE_KINDS.get(name));
  expect(Object.keys(present(PROVIDERS[name]).events)).toEqual(expect.arrayContaining(Object.keys(effects)));
  expect(fixturesOf(name).filter(([, { operations }]) => operations.length > 0)).not.toEqual([]);
  expect(options.safeParse({ 'no option': 1 }).error?.issues).toContainEqual(
    expect.objectContaining({ code: 'unrecognized_keys' }),
  );
  // The placeholder of a provider's secret stays as the previous version: it must be a key too.
  expect(keyOf === undefined).toBe(credential === 'published' || credential === 'iam');
  expect(keyOf?.(OTHER_SECRET)).toEqual(keyOf && expect.anything());
});

test.each(fixtures)('the request %s has the documented effect and answer', async (_, name, fixture) => {
  const world = worldOf(name, fixture);
  const { status, body, headers, isEmpty } = fixture.reply;
  const reply = await world.send(fixture.payload, { request: fixture.request as object });
  expect(reply, JSON.stringify(reply.body)).toMatchObject({
    status,
    ...(headers && { headers }),
    ...(body !== undefined && { body }),
  });
  if (isEmpty) expect(reply.body).toBeUndefined();
  expect(operationsIn(world)).toEqual(expectedOf(fixture));
});

test.each(fixtures)('the request %s that comes again makes the same operations', async (_, name, fixture) => {
  const [first, again] = [worldOf(name, fixture), worldOf(name, fixture)];
  for (const world of [first, again]) await world.send(fixture.payload, { request: fixture.request as object });
  expect(again.queued).toEqual(first.queued);
});

test.each(providers)('a request of %s that another secret or key signed changes nothing', async (name) => {
  for (const make of Object.values(present(PROVIDERS[name]).events)) {
    const world = worldOf(name, {});
    const payload = make({ account: 'alice', session: 's1', now: new Date() });
    const { status } = await world.send(payload, { sender: { secret: OTHER_SECRET, privateJwk: newPrivateJwk() } });
    expect([status >= 400 && status < 500, world.queued]).toEqual([true, []]);
  }
});

test.each(providers)('a sample of each event of %s has the effect that the kind states', async (name) => {
  const { effects } = present(SOURCE_KINDS.get(name));
  for (const [type, make] of Object.entries(present(PROVIDERS[name]).events)) {
    const world = worldOf(name, {});
    const { status } = await world.send(make({ account: 'alice', session: 's1', now: new Date() }));
    const effect = effects[type];
    expect([type, status, world.queued.map(({ kind }) => kind)]).toEqual([
      type,
      expect.toSatisfy((one) => one >= 200 && one < 300),
      effect === undefined ? [] : Array(2).fill(OPERATIONS[effect]),
    ]);
  }
});

test.each(fixtures)('no variant of the payload of %s makes a fault of ours', async (_, name, fixture) => {
  const world = worldOf(name, fixture);
  for (const payload of variantsOf(fixture.payload)) {
    const { status } = await world.send(payload).catch((error: unknown) => {
      throw new Error(`${JSON.stringify(payload)}: ${error}`, { cause: error });
    });
    expect([status < 500, payload]).toEqual([true, payload]);
  }
});

test.each(providers)('no body that is not signed makes a fault of ours: %s', async (name) => {
  for (const body of ['', '{', 'null', '[]', 'logout_token=', 'logout_token=a.b.c', '\0', '"x"'])
    for (const method of ['POST', 'GET', 'PUT', 'OPTIONS']) {
      const { status } = await worldOf(name, {}).send({}, { request: { body, method, headers: {} } });
      expect([body, method, status < 500]).toEqual([body, method, true]);
    }
});

const document = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');

/** The rows of the table in the document whose head begins with a cell. */
function rowsOf(head: string): string[][] {
  const [, table = ''] = document.split(new RegExp(`\\n\\| ${head} \\|.*\\n\\|[-|]+\\n`));
  const lines = table.split('\n\n', 1).join('').split('\n');
  return lines
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const wordsIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

const OPERATIONS = Object.fromEntries(
  rowsOf('effect').map(([effect = '', operation = '']) => [effect, wordsIn(operation)[0]]),
);

test('docs/events.md names each kind, the events that have an effect, and the effect', () => {
  const named = rowsOf('kind').flatMap(([kind = '', events = '', effect]) =>
    wordsIn(events).map((event) => `${wordsIn(kind)[0]} ${event}: ${effect}`),
  );
  const stated = Object.keys(KINDS).flatMap((name) =>
    Object.entries(present(SOURCE_KINDS.get(name)).effects).map(([event, effect]) => `${name} ${event}: ${effect}`),
  );
  expect(named.toSorted()).toEqual(stated.toSorted());
});
