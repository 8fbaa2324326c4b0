import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import type { AccountApiClient } from '../../functions/account-api/client.ts';
import { accountApiClient } from '../../functions/account-api/client.ts';
import { Account, Token } from '../../functions/core/account.ts';
import { CONTROL, HostedState, startHostedSide } from '../../local/hosted/server.ts';
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

/** A hosted side before the real handlers, with what decides whether a fault strikes, and a client of it. */
async function hosted(faults: readonly Fault[] = [], chance: Chance = () => 0) {
  const upstream = await ownAccountApi();
  stops.push(upstream.close);
  const options = { upstream: upstream.url, app: APP, secret: secretOf(APP), delays: DELAYS, faults, chance };
  const { url, stop } = await startHostedSide(options);
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
    held: async () => {
      const answer = await own.accountsOf([token]);
      return answer.kind === 'found' ? answer.accounts.flat().map(({ id }) => id) : [answer.kind];
    },
    idle: () => expect.poll(async () => (await control()).pending).toBe(0),
  };
}

/** Gives these, one after the other, and then 0. */
const inTurn = (...values: number[]): Chance => {
  const left = values.values();
  return () => left.next().value ?? 0;
};

const DONE = { kind: 'answered', results: ['done'] };
const UNTOUCHED = 0.99;

describe('the hosted side', () => {
  test('says that it will do it, and then does it', async () => {
    const { bind, held, idle } = await hosted([], () => UNTOUCHED);
    expect(await bind('alice')).toEqual(DONE);
    await idle();
    expect(await held()).toEqual(['alice']);
  });

  test('says of elements that it will do them even where it will not', async () => {
    const { client } = await hosted([], () => UNTOUCHED);
    const tokens = ['phone-8', 'phone-9'].map((name) => Token.parse(name));
    expect(await client().operate({ kind: 'unbindTokenFromAll', tokens })).toEqual({
      kind: 'answered',
      results: ['done', 'done'],
    });
  });

  test('lets nobody in who does not have the secret', async () => {
    const { client, control } = await hosted();
    const stranger = client('a guess');
    expect(await stranger.operate({ kind: 'unbindTokenFromAll', tokens: [token] })).toMatchObject({
      kind: 'unauthorized',
    });
    expect(await stranger.accountsOf([token])).toMatchObject({ kind: 'unauthorized' });
    expect((await control()).pending).toBe(0);
  });

  test('refuses what it cannot read, as the Account API does', async () => {
    const { url } = await hosted();
    const authorization = `Basic ${btoa(`${APP}:${secretOf(APP)}`)}`;
    const sent = { method: 'POST', headers: { authorization }, body: '{"operator_type":9}' } as const;
    const { statusCode, body } = await request(`${url}/v3/device/account/batchoperate`, sent);
    expect({ statusCode, reply: await body.json() }).toMatchObject({ statusCode: 200, reply: { ret_code: 1008007 } });
  });

  test('counts its calls, and tells and changes what happens to them', async () => {
    const { bind, held, control } = await hosted(['late'], () => UNTOUCHED);
    await bind('alice');
    await held();
    await held();
    expect(await control()).toMatchObject({ operate: 1, query: 2, faults: ['late'], isDown: false });
    expect(await control({ faults: ['lost', '5xx'] })).toMatchObject({ faults: ['lost', '5xx'] });
  });

  test('is away while it is down, and there again afterwards', async () => {
    const { bind, control } = await hosted([], () => UNTOUCHED);
    await control({ isDown: true });
    expect(await bind('alice')).toMatchObject({ kind: 'unavailable' });
    await control({ isDown: false });
    expect(await bind('alice')).toEqual(DONE);
  });
});

describe('a call that a fault strikes', () => {
  test('is struck one time in five', async () => {
    const { held } = await hosted(['5xx'], inTurn(0.2, 0.19));
    expect([await held(), await held()]).toEqual([[], ['unavailable']]);
  });

  test('late: takes effect all the same', async () => {
    const { bind, held, idle } = await hosted(['late'], inTurn(0, 0, UNTOUCHED, UNTOUCHED));
    expect(await bind('alice')).toEqual(DONE);
    await idle();
    expect(await held()).toEqual(['alice']);
  });

  test('lost: was accepted, and never takes effect', async () => {
    const { bind, held, control } = await hosted(['lost']);
    expect(await bind('alice')).toEqual(DONE);
    expect((await control()).pending).toBe(0);
    expect(await held()).toEqual([]);
  });

  test('reorder: takes effect after the one that came next', async () => {
    const { bind, held, idle } = await hosted(['reorder'], inTurn(0, 0, UNTOUCHED));
    await bind('alice');
    await bind('bob');
    await idle();
    expect(await held()).toEqual(['alice']);
  });

  test('reorder: takes effect by itself where nothing comes next', async () => {
    const { bind, held, idle } = await hosted(['reorder']);
    await bind('alice');
    await idle();
    expect(await held()).toEqual(['alice']);
  });

  test.each([
    ['5xx: is answered with an error, and takes effect all the same one time in three', 0.3, 'alice'],
    ['5xx: is answered with an error, and has no effect otherwise', 0.4, undefined],
  ])('%s', async (_, luck, shown) => {
    const { bind, held, idle, control } = await hosted(['5xx'], inTurn(0, 0, luck));
    expect(await bind('alice')).toMatchObject({ kind: 'unavailable', reason: expect.stringMatching(/^HTTP 50[03]$/) });
    await control({ faults: [] });
    await idle();
    expect(await held()).toEqual(shown === undefined ? [] : [shown]);
  });
});
