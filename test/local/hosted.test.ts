import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { type AccountApiClient, accountApiClient } from '../../functions/account-api/client.ts';
import { Account, Token } from '../../functions/core/account.ts';
import { CONTROL, HostedState, startHostedApi } from '../../local/hosted/api.ts';
import type { Chance, Fault } from '../../local/hosted/tasks.ts';
import { ownAccountApi, secretOf } from '../conformance/own-account-api.ts';

const APP = 'tpns-typed';
const DELAYS = { usualMs: 40, lateMs: 80 };
const token = Token.parse('phone-1');
const account = (id: string) => Account.parse({ type: 0, id });

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** Starts a hosted API before the real handlers, with a client. `chance` decides about faults. */
async function hosted(faults: readonly Fault[] = [], chance: Chance = () => 0) {
  const upstream = await ownAccountApi();
  stops.push(upstream.close);
  const options = { upstream: upstream.url, app: APP, secret: secretOf(APP), delays: DELAYS, faults, chance };
  const { url, stop } = await startHostedApi(options);
  stops.push(stop);
  const client = (secret = secretOf(APP)): AccountApiClient => {
    const authentication = { authentication: 'sign', dialect: 'tpns', timeoutMs: 2_000, now: Date.now } as const;
    const made = accountApiClient({ url, app: APP, secret, ...authentication });
    stops.push(made.close);
    return made;
  };
  const control = async (change?: object): Promise<HostedState> => {
    const sent = change ? ({ method: 'PUT', body: JSON.stringify(change) } as const) : {};
    return HostedState.parse(await (await request(`${url}${CONTROL}`, sent)).body.json());
  };
  const own = client();
  return {
    url,
    client,
    control,
    bind: (id: string) => own.operate({ kind: 'bindOverriding', elements: [{ token, accounts: [account(id)] }] }),
    bound: async () => {
      const answer = await own.accountsOf([token]);
      return answer.kind === 'found' ? answer.accounts.flat().map(({ id }) => id) : [answer.kind];
    },
    idle: () => expect.poll(async () => (await control()).pending).toBe(0),
  };
}

/** Returns these values, one after the other, and then 0. */
const inTurn = (...values: number[]): Chance => {
  const left = values.values();
  return () => left.next().value ?? 0;
};

const DONE = { kind: 'answered', results: ['done'] };
const UNTOUCHED = 0.99;

test('the hosted API answers with success and applies the call later', async () => {
  const { bind, bound, idle } = await hosted([], () => UNTOUCHED);
  expect(await bind('alice')).toEqual(DONE);
  await idle();
  expect(await bound()).toEqual(['alice']);
});

test('the hosted API answers with success for well-formed elements that have no effect', async () => {
  const { client } = await hosted([], () => UNTOUCHED);
  const tokens = ['phone-8', 'phone-9'].map((name) => Token.parse(name));
  expect(await client().operate({ kind: 'unbindTokenFromAll', tokens })).toEqual({
    kind: 'answered',
    results: ['done', 'done'],
  });
});

test('the hosted API refuses callers without the secret', async () => {
  const { client, control } = await hosted();
  const stranger = client('a guess');
  expect(await stranger.operate({ kind: 'unbindTokenFromAll', tokens: [token] })).toMatchObject({
    kind: 'unauthorized',
  });
  expect(await stranger.accountsOf([token])).toMatchObject({ kind: 'unauthorized' });
  expect((await control()).pending).toBe(0);
});

test('the hosted API refuses an unreadable request as the Account API does', async () => {
  const { url } = await hosted();
  const authorization = `Basic ${btoa(`${APP}:${secretOf(APP)}`)}`;
  const sent = { method: 'POST', headers: { authorization }, body: '{"operator_type":9}' } as const;
  const { statusCode, body } = await request(`${url}/v3/device/account/batchoperate`, sent);
  expect({ statusCode, reply: await body.json() }).toMatchObject({ statusCode: 200, reply: { ret_code: 1008007 } });
});

test('the hosted API counts its calls, and its control returns and changes the faults', async () => {
  const { bind, bound, control } = await hosted(['late'], () => UNTOUCHED);
  await bind('alice');
  await bound();
  await bound();
  expect(await control()).toMatchObject({ operate: 1, query: 2, faults: ['late'], isDown: false });
  expect(await control({ faults: ['lost', '5xx'] })).toMatchObject({ faults: ['lost', '5xx'] });
});

test('the hosted API does not answer while it is down, and answers again afterwards', async () => {
  const { bind, control } = await hosted([], () => UNTOUCHED);
  await control({ isDown: true });
  expect(await bind('alice')).toMatchObject({ kind: 'unavailable' });
  await control({ isDown: false });
  expect(await bind('alice')).toEqual(DONE);
});

test('a fault strikes a fifth of the calls', async () => {
  const { bound } = await hosted(['5xx'], inTurn(0.2, 0.19));
  expect([await bound(), await bound()]).toEqual([[], ['unavailable']]);
});

test.each<[string, Fault, Chance, string[]]>([
  ['a late call is applied', 'late', inTurn(0, 0, UNTOUCHED, UNTOUCHED), ['alice']],
  ['a lost call is accepted and never applied', 'lost', inTurn(), []],
  ['a reordered call is applied alone if no other follows', 'reorder', inTurn(), ['alice']],
])('%s', async (_, fault, chance, shown) => {
  const { bind, bound, idle, control } = await hosted([fault], chance);
  expect(await bind('alice')).toEqual(DONE);
  await idle();
  await control({ faults: [] });
  expect(await bound()).toEqual(shown);
});

test('a reordered call is applied after the next one', async () => {
  const { bind, bound, idle } = await hosted(['reorder'], inTurn(0, 0, UNTOUCHED));
  await bind('alice');
  await bind('bob');
  await idle();
  expect(await bound()).toEqual(['alice']);
});

test.each([
  ['a call that is answered with 5xx is applied one time in three', 0.3, ['alice']],
  ['a call that is answered with 5xx is not applied otherwise', 0.4, []],
])('%s', async (_, luck, shown) => {
  const { bind, bound, idle, control } = await hosted(['5xx'], inTurn(0, 0, luck));
  expect(await bind('alice')).toMatchObject({ kind: 'unavailable', reason: expect.stringMatching(/^HTTP 50[03]$/) });
  await control({ faults: [] });
  await idle();
  expect(await bound()).toEqual(shown);
});
