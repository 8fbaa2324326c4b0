import { describe, expect, test } from 'vitest';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import {
  account,
  accountsOf,
  basic,
  json,
  lateBind,
  T0,
  tokenAccounts,
  tokensOf,
  world,
} from '../world/account-api.ts';
import tpns from './samples/tpns-2020.json' with { type: 'json' };
import xg from './samples/xg-2019.json' with { type: 'json' };

// The rules in conformance/ hold the contract; test/conformance runs them against this handler. The tests here see what no
// client can see: the clock, the queue, the log and the bytes of a reply.

const clearTokens = (...tokens: string[]) => ({ operator_type: 4, token_list: tokens });
const elements = (names: readonly string[], make: (name: string) => { token: string; account: string }) =>
  names.map(make).map(({ token, account: id }) => ({ token, account_list: [account(id)] }));

describe.each(['xg', 'tpns'] as const)('batchoperate in %s', (app) => {
  test.each([
    ['operation 3', tokenAccounts(3, 'phone', 'alice')],
    ['operation 4', clearTokens('phone')],
  ])('%s on a token never seen stops an earlier bind that arrives later', async (_, body) => {
    const { operate, held, ports } = world();
    const [unknown, done] = app === 'xg' ? ['token_not_exists', 'ok'] : ['1008006', '0'];
    expect(await operate(app, body)).toEqual({ ret_code: 0, err_msg: 'ok', result: [unknown] });
    await ports.accept('late', [lateBind(app, 'phone', 'alice')]);
    expect(await held(app, 'phone')).toEqual([]);
    expect(await operate(app, body)).toEqual({ ret_code: 0, err_msg: 'ok', result: [done] });
  });

  test('calls keep their order although the clock steps back', async () => {
    const { operate, held, state } = world();
    const [bind, override] = [tokenAccounts(1, 'phone', 'alice'), tokenAccounts(2, 'phone', 'alice')];
    const clearAccount = { operator_type: 5, account_list: [account('alice')] };
    for (const [minute, body] of [
      override,
      tokenAccounts(3, 'phone', 'alice'),
      bind,
      clearAccount,
      override,
    ].entries()) {
      state.ms = T0 - minute * 60_000;
      await operate(app, body);
      expect(await held(app, 'phone')).toEqual(minute % 2 === 0 ? ['0#alice'] : []);
    }
  });

  test('messages that the queue delivers again change nothing', async () => {
    const { operate, held, redeliver, state } = world();
    const names = ['alice', 'bobby', 'carol', 'david'];
    await Promise.all(names.map((name) => operate(app, tokenAccounts(2, 'tablet', name))));
    await operate(app, tokenAccounts(2, 'phone', 'alice'));
    await operate(app, clearTokens('phone'));
    await operate(app, tokenAccounts(1, 'phone', 'bobby'));
    const [owner, { writes }] = [await held(app, 'tablet'), { ...state }];
    await redeliver();
    expect([state.writes, await held(app, 'phone'), await held(app, 'tablet')]).toEqual([writes, ['0#bobby'], owner]);
    expect(owner).toHaveLength(1);
  });

  test('tokens that one request binds appear in the order of the request', async () => {
    const { operate, holders } = world();
    const tokens = ['zebra', 'apple', 'mango'];
    const token_accounts = elements(tokens, (token) => ({ token, account: 'alice' }));
    await operate(app, { operator_type: 1, token_accounts });
    expect(await holders(app, 'alice')).toEqual(tokens);
  });

  test('an account shows its newest 100 tokens', async () => {
    const { operate, holders } = world();
    for (let i = 0; i < 102; i++) await operate(app, tokenAccounts(1, `token ${i}`, 'alice'));
    const tokens = await holders(app, 'alice');
    expect([tokens.length, tokens[0], tokens[99]]).toEqual([100, 'token 101', 'token 2']);
  });
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
  expect(await lineOf(body)).toEqual({
    app: 'xg',
    operation: 'bindOverriding',
    elements: 1,
    operator: 'rtx',
    outcome: 'applied',
    refused: 0,
    superseded: 0,
  });
});

test('the line of a query has app, operation, number of elements and outcome', async () => {
  const line = { app: 'xg', operation: 'tokensOf', elements: 2, outcome: 'answered' };
  expect(await lineOf(tokensOf('alice', 'bobby'), PATHS.query)).toEqual(line);
});

test('the line of a refusal has its reason', async () => {
  expect(await lineOf({ operator_type: 4 })).toEqual({ app: 'xg', outcome: 'refused', reason: 'missing' });
});
