import { expect, test } from 'vitest';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { FUTURE_MS } from '../../functions/core/time.ts';
import { account, accountsOf, basic, json, tokenAccounts, tokensOf, world } from '../world/account-api.ts';
import { bind, moved } from '../world/examples.ts';
import tpns from './samples/tpns-2020.json' with { type: 'json' };
import xg from './samples/xg-2019.json' with { type: 'json' };

// The rules in conformance/ hold the contract; test/conformance runs them against this handler. The tests here see what no
// client can see: the queue, the log and the bytes of a reply.

const clearTokens = (...tokens: string[]) => ({ operator_type: 4, token_list: tokens });

test.each(['xg', 'tpns'])('tokens that one %s request binds appear in the order of the request', async (app) => {
  const { operate, holders } = world();
  const tokens = ['zebra', 'apple', 'mango'];
  const token_accounts = tokens.map((token) => ({ token, account_list: [account('alice')] }));
  await operate(app, { operator_type: 1, token_accounts });
  expect(await holders(app, 'alice')).toEqual(tokens);
});

test('an XG query answers byte for byte as documented: every entry has its type, and no list of results', async () => {
  const { operate, query } = world();
  await operate('xg', tokenAccounts(1, 'phone', 'alice'));
  expect(JSON.stringify(await query('xg', tokensOf('nobody', ['alice', 7], 'alice')))).toBe(
    '{"ret_code":0,"err_msg":"ok","account_tokens":[{"account":"nobody","account_type":0,"token_list":[]},' +
      '{"account":"alice","account_type":7,"token_list":[]},{"account":"alice","account_type":0,"token_list":["phone"]}]}',
  );
  expect(JSON.stringify(await query('xg', accountsOf('phone', 'none')))).toBe(
    '{"ret_code":0,"err_msg":"ok","token_accounts":[{"token":"phone","account_list":[{"account":"alice","account_type":0}]},' +
      '{"token":"none","account_list":[]}]}',
  );
});

test('a TPNS query answers byte for byte as documented: results, and a type only if it is not 0', async () => {
  const { operate, query } = world();
  await operate('tpns', tokenAccounts(1, 'phone', 'alice', ['alice', 5]));
  expect(JSON.stringify(await query('tpns', tokensOf('nobody', ['alice', 5])))).toBe(
    '{"retCode":0,"errMsg":"ok","result":["10110008","0"],"account_tokens":[{"account":"nobody","token_list":[]},' +
      '{"account":"alice","account_type":5,"token_list":["phone"]}]}',
  );
  expect(JSON.stringify(await query('tpns', accountsOf('none', 'phone')))).toBe(
    '{"retCode":0,"errMsg":"ok","result":["10110008","0"],"token_accounts":[{"token":"none","account_list":[]},' +
      '{"token":"phone","account_list":[{"account":"alice"},{"account":"alice","account_type":5}]}]}',
  );
});

test("the credential's app decides the dialect, whatever dialect the body has", async () => {
  const { query } = world();
  expect(await query('tpns', xg.tokensOf.request)).toHaveProperty('retCode', 0);
  expect(await query('xg', { ...tpns.tokensOf.request, retCode: 1 })).toHaveProperty('ret_code', 0);
});

test('an unbind from more tokens than are read waits until no bind before it is later, and spares those after it', async () => {
  const { operate, store, state, redeliver, holders, queue } = world();
  const login = (name: string, ms: number) => moved({ ...bind(ms, ['alice']), app: AppId.parse('xg') }, name);
  const before = Array.from({ length: 100 }, (_, i) => login(`phone-${String(i).padStart(3, '0')}`, state.ms - 1));
  const ahead = login('phone-zzz', state.ms + FUTURE_MS);
  await applyAll({ store, now: () => state.ms, pause: async () => {} }, [...before, ahead]);
  const [sentMs, unbind] = [state.ms, { operator_type: 5, account_list: [account('alice')] }];
  await operate('xg', unbind);
  expect(state.ms - sentMs).toBeGreaterThan(FUTURE_MS);
  expect(await holders('xg', 'alice')).toEqual([]);
  const after = login('phone-000', state.ms);
  queue.push({ id: 'event', operations: [after] });
  await redeliver();
  expect(await holders('xg', 'alice')).toEqual(['phone-000']);
});

test('an operation does not keep the operator of its request', async () => {
  const { operate, queue } = world();
  await operate('xg', { ...clearTokens('phone', 'tablet'), op_type: 'rtx', op_id: 'operator@example.com' });
  expect(queue[0]?.operations).toHaveLength(2);
  expect(JSON.stringify(queue)).not.toContain('operator');
});

const lineOf = async (body: unknown, path: string = PATHS.operate) =>
  (await world().send({ path, headers: basic('xg'), body: json(body) })).line;

test('the line of an operation has app, operation, number of elements, outcome and kind of operator', async () => {
  const body = { ...tokenAccounts(2, 'phone', 'alice'), op_type: 'rtx', op_id: 'operator@example.com' };
  const operation = { app: 'xg', operation: 'bindOverriding', elements: 1, operator: 'rtx' };
  const NONE = { refused: 0, superseded: 0 };
  expect(await lineOf(body)).toEqual({ ...operation, outcome: 'applied', ...NONE });
});

test('the line of a query has app, operation, number of elements and outcome', async () => {
  const line = { app: 'xg', operation: 'tokensOf', elements: 2, outcome: 'answered' };
  expect(await lineOf(tokensOf('alice', 'bobby'), PATHS.query)).toEqual(line);
});

test('the line of a refusal has its reason', async () => {
  expect(await lineOf({ operator_type: 4 })).toEqual({
    app: 'xg',
    outcome: 'refused',
    reason: 'missing',
    at: 'token_list',
  });
});

test.each(['//v3/device/account/query', '/v3/device/account/query/', '/v3//device/account//query'])(
  'the path %s is that of a query: slashes twice or at the end are ignored',
  async (path) => {
    const { send } = world();
    expect(await send({ path, headers: basic('xg'), body: json(accountsOf('phone')) })).toMatchObject({
      body: { ret_code: 0, token_accounts: [{ token: 'phone' }] },
    });
  },
);

test('a TPNS query that is refused says so in both spellings, because clients look for ret_code', async () => {
  const { query } = world();
  const code = 1008002;
  expect(await query('tpns', { operator_type: 2 })).toMatchObject({ retCode: code, ret_code: code });
  expect(await query('tpns', accountsOf('phone'))).not.toHaveProperty('ret_code');
});

test('a query names in a header the accounts that have more tokens than it shows', async () => {
  const { operate, send } = world();
  for (let from = 0; from < 120; from += 20) {
    const token_accounts = Array.from({ length: 20 }, (_, i) => ({
      token: `t${from + i}`,
      account_list: [account('alice')],
    }));
    await operate('xg', { operator_type: 1, token_accounts });
  }
  const ask = (...names: string[]) => send({ path: PATHS.query, headers: basic('xg'), body: json(tokensOf(...names)) });
  expect((await ask('bobby', 'alice', 'carol', 'alice')).headers).toEqual({ 'bindery-more': '1,3' });
  expect((await ask('bobby')).headers).toBeUndefined();
});
