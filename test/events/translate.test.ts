import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { applyAll } from '../../functions/core/apply.ts';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { msOf } from '../../functions/core/stamp.ts';
import { type Fact, openSources } from '../../functions/events/source.ts';
import { kind } from '../../functions/events/sources/clerk.ts';
import { translate } from '../../functions/events/translate.ts';
import { EVENTS } from '../../openapi/events-examples.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import { present } from '../sim/random.ts';
import { event, login, world } from '../world/events.ts';
import { account, override } from '../world/examples.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');

const configuration = Configuration.parse({
  apps: [{ id: 'shop', dialect: 'xg', platform: 'android' }],
  sources: [{ id: 'idp', kind: 'clerk', apps: ['shop'], transform: { lowerCase: true, prefix: 'idp-' } }],
});

async function operationsOf(facts: readonly Fact[], store = memoryRegistryStore()) {
  const ports = { fetch, now: () => NOW };
  const reach = present(await openSources(configuration, () => kind, ports).get('idp'));
  const translation = await translate(facts, { reach, store, nowMs: NOW });
  if (!('events' in translation)) throw new Error(JSON.stringify(translation));
  return { ...translation, operations: translation.events.flatMap((one) => one.operations) };
}

const left = { id: 'e', at: 'arrival', what: 'signed out everywhere', account: 'Alice' } as const;

test('a removal without a time counts as of its arrival, later than every login that is known', async () => {
  const store = memoryRegistryStore();
  const msIn = async () => (await operationsOf([left], store)).operations.map(({ stamp }) => msOf(stamp));
  expect(await msIn()).toEqual([NOW]);
  // The clock of the sender is ahead of ours.
  await applyAll({ store, now: () => NOW, pause: async () => {} }, [override(NOW + 3000, ['idp-alice'])]);
  expect(await msIn()).toEqual([NOW + 3001]);
});

test('a removal without a time is later than every login that may be accepted while the registry cannot be read', async () => {
  const down = async () => {
    throw new Unavailable('TimeoutError');
  };
  const { operations } = await operationsOf([left], { ...memoryRegistryStore(), watermarks: down });
  expect(operations.map(({ stamp }) => msOf(stamp))).toEqual([NOW + 5000]);
});

test("the account is the provider's name, in lower case and with the prefix of the source", async () => {
  expect((await operationsOf([left])).operations).toMatchObject([{ account: account('idp-alice') }]);
});

test('a stamp is made of source, id, account and session: not of what else an attempt has', async () => {
  const at = { fromMs: NOW, toMs: NOW };
  const ended = { id: 'e', at, what: 'session ended', account: 'alice', session: 's1' } as const;
  const stampOf = async (fact: Fact) => (await operationsOf([fact])).operations[0]?.stamp;
  const first = await stampOf(ended);
  expect(await stampOf({ ...ended })).toBe(first);
  for (const other of [{ id: 'f' }, { account: 'bobby' }, { session: 's2' }])
    expect(await stampOf({ ...ended, ...other })).not.toBe(first);
});

test('facts without an account or a session are counted, and those beside them take effect', async () => {
  const { operations, nothings } = await operationsOf([
    { ...left, account: undefined },
    { ...left, account: 'a'.repeat(300) },
    { ...left, what: 'session ended' },
    { nothing: 'other_type' },
    left,
  ]);
  expect([operations.length, nothings]).toEqual([1, ['no_account', 'no_account', 'no_session', 'other_type']]);
});

const document = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');

test("docs/events.md names the operations that an example of each event of the app's own makes", async () => {
  for (const example of Object.values(EVENTS).flatMap((one) => ('type' in one ? [one] : []))) {
    const { type, data } = example;
    const scope = 'scope' in data ? `with \`scope: "${data.scope}"\`` : undefined;
    const name = scope ?? ('except' in data ? '`logout_everywhere` with `except`' : `\`${type}\``);
    const row = present(
      document.split('\n').find((line) => line.startsWith('| ') && line.split('|')[1]?.includes(name)),
    );
    const { send, queued } = world();
    if ('old_token' in data) await send(login({ token: data.old_token, account: 'alice' }));
    const before = queued.length;
    const named = 'app' in data ? { ...data, app: 'phone' } : data;
    expect(await send(event(type, named))).toMatchObject({ status: 200 });
    const kinds = queued.slice(before).map((one) => one.kind);
    expect([type, kinds.filter((one) => !row.split('|')[3]?.includes(`\`${one}\``))]).toEqual([type, []]);
  }
});
