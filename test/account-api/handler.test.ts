import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import { Operation } from '../../functions/core/operation.ts';
import { stampOf } from '../../functions/core/stamp.ts';
import { account, accountsOf, basic, T0, tokenAccounts, tokensOf, world } from '../world/account-api.ts';
import tpns from './samples/tpns-2020.json' with { type: 'json' };
import xg from './samples/xg-2019.json' with { type: 'json' };

const WORDS = {
  xg: { done: 'ok', unknownToken: 'token_not_exists' },
  tpns: { done: '0', unknownToken: '1008006' },
} as const;

const clearTokens = (...tokens: string[]) => ({ operator_type: 4, token_list: tokens });
const clearAccounts = (...accounts: (string | [string, number])[]) => ({
  operator_type: 5,
  account_list: accounts.map(account),
});

describe.each(['xg', 'tpns'] as const)('the five operations in %s', (app) => {
  const replied = (...results: (keyof (typeof WORDS)['xg'])[]) => ({
    ret_code: 0,
    err_msg: 'ok',
    result: results.map((result) => WORDS[app][result]),
  });

  test('operation 1 adds accounts to a token', async () => {
    const { operate, held } = world();
    expect(await operate(app, tokenAccounts(1, 'phone', 'alice'))).toEqual(replied('done'));
    expect(await operate(app, tokenAccounts(1, 'phone', 'bobby', ['carol', 3]))).toEqual(replied('done'));
    expect(await held(app, 'phone')).toEqual(['0#bobby', '3#carol', '0#alice']);
  });

  test('operation 2 replaces every account of the token, of whatever type', async () => {
    const { operate, held, holders } = world();
    await operate(app, tokenAccounts(1, 'phone', 'alice', ['alice', 3]));
    expect(await operate(app, tokenAccounts(2, 'phone', 'bobby'))).toEqual(replied('done'));
    expect(await held(app, 'phone')).toEqual(['0#bobby']);
    expect(await holders(app, 'alice')).toEqual([]);
  });

  test('operation 3 takes the named accounts from the token and leaves the others', async () => {
    const { operate, held } = world();
    await operate(app, tokenAccounts(1, 'phone', 'alice', 'bobby'));
    expect(await operate(app, tokenAccounts(3, 'phone', 'alice'))).toEqual(replied('done'));
    expect(await held(app, 'phone')).toEqual(['0#bobby']);
  });

  test('operation 4 takes every account from the tokens', async () => {
    const { operate, held, holders } = world();
    await operate(app, tokenAccounts(1, 'phone', 'alice', ['alice', 3]));
    await operate(app, tokenAccounts(1, 'tablet', 'alice'));
    expect(await operate(app, clearTokens('phone', 'tablet'))).toEqual(replied('done', 'done'));
    expect(await holders(app, 'alice')).toEqual([]);
    expect(await held(app, 'phone')).toEqual([]);
  });

  test('operation 5 takes every token from the accounts', async () => {
    const { operate, held } = world();
    await operate(app, tokenAccounts(1, 'phone', 'alice', 'bobby'));
    await operate(app, tokenAccounts(1, 'tablet', 'alice', 'carol'));
    expect(await operate(app, clearAccounts('alice', 'carol'))).toEqual(replied('done', 'done'));
    expect(await held(app, 'phone')).toEqual(['0#bobby']);
    expect(await held(app, 'tablet')).toEqual([]);
  });

  test.each([
    ['operation 3', tokenAccounts(3, 'phone', 'alice')],
    ['operation 4', clearTokens('phone')],
  ])('%s on a token never seen says so with the code 0, and stops a bind that is still on its way', async (_, body) => {
    const { operate, held, ports } = world();
    expect(await operate(app, body)).toEqual(replied('unknownToken'));
    const accounts = [{ type: 0, id: 'alice' }];
    const stamp = stampOf('bind', T0, '0123456789abcdef');
    await ports.accept('late', [Operation.parse({ kind: 'bind', app, token: 'phone', accounts, stamp })]);
    expect(await held(app, 'phone')).toEqual([]);
    expect(await operate(app, body)).toEqual(replied('done'));
  });

  test('a bind of a token never seen needs no registration before it', async () => {
    const { operate } = world();
    expect(await operate(app, tokenAccounts(2, 'phone', 'alice'))).toEqual(replied('done'));
  });

  test('an unbind of what is not bound, and a bind of what is, are done', async () => {
    const { operate, held } = world();
    await operate(app, tokenAccounts(1, 'phone', 'alice'));
    expect(await operate(app, tokenAccounts(1, 'phone', 'alice'))).toEqual(replied('done'));
    expect(await operate(app, tokenAccounts(3, 'phone', 'bobby'))).toEqual(replied('done'));
    expect(await held(app, 'phone')).toEqual(['0#alice']);
  });

  test('each element has its own result, in the order of the request', async () => {
    const { operate } = world();
    await operate(app, tokenAccounts(1, 'known', 'alice'));
    expect(await operate(app, clearTokens('new 1', 'known', 'new 2'))).toEqual(
      replied('unknownToken', 'done', 'unknownToken'),
    );
  });

  test('a token named twice takes its elements in the order of the list', async () => {
    const { operate, held } = world();
    const element = (name: string) => ({ token: 'phone', account_list: [account(name)] });
    const body = { operator_type: 2, token_accounts: ['alice', 'bobby', 'carol'].map(element) };
    expect(await operate(app, body)).toEqual(replied('done', 'done', 'done'));
    expect(await held(app, 'phone')).toEqual(['0#carol']);
  });

  test('an account named twice in one list is bound once', async () => {
    const { operate, held } = world();
    await operate(app, tokenAccounts(1, 'phone', 'alice', 'bobby', 'alice'));
    expect((await held(app, 'phone')).sort()).toEqual(['0#alice', '0#bobby']);
  });

  test('calls one after the other keep their order though the clock steps back', async () => {
    const { operate, held, state } = world();
    await operate(app, tokenAccounts(2, 'phone', 'alice'));
    state.ms = T0 - 60_000;
    await operate(app, tokenAccounts(3, 'phone', 'alice'));
    expect(await held(app, 'phone')).toEqual([]);
    state.ms = T0 - 120_000;
    await operate(app, tokenAccounts(1, 'phone', 'alice'));
    expect(await held(app, 'phone')).toEqual(['0#alice']);
    state.ms = T0 - 180_000;
    await operate(app, clearAccounts('alice'));
    expect(await held(app, 'phone')).toEqual([]);
    state.ms = T0 - 240_000;
    await operate(app, tokenAccounts(2, 'phone', 'alice'));
    expect(await held(app, 'phone')).toEqual(['0#alice']);
  });

  test('overriding binds of one token at the same moment end with one account', async () => {
    const { operate, held, redeliver } = world();
    const names = ['alice', 'bobby', 'carol', 'david', 'ellen', 'frank'];
    await Promise.all(names.map((name) => operate(app, tokenAccounts(2, 'phone', name))));
    const owner = await held(app, 'phone');
    expect(owner).toHaveLength(1);
    await redeliver();
    expect(await held(app, 'phone')).toEqual(owner);
  });

  test('what the queue delivers again changes nothing', async () => {
    const { operate, held, redeliver, state } = world();
    await operate(app, tokenAccounts(2, 'phone', 'alice'));
    await operate(app, clearTokens('phone'));
    await operate(app, tokenAccounts(1, 'phone', 'bobby'));
    const { writes } = state;
    await redeliver();
    expect(state.writes).toBe(writes);
    expect(await held(app, 'phone')).toEqual(['0#bobby']);
  });

  test('the account type is part of the identity, and 0 where it is left out', async () => {
    const { operate, held, holders } = world();
    await operate(app, tokenAccounts(1, 'phone', ['alice', 0], ['alice', 5]));
    await operate(app, tokenAccounts(3, 'phone', 'alice'));
    expect(await held(app, 'phone')).toEqual(['5#alice']);
    expect(await holders(app, 'alice', 5)).toEqual(['phone']);
    expect(await holders(app, 'alice')).toEqual([]);
  });
});

describe.each(['xg-typed', 'tpns-typed'])('an app whose tokens hold one account of each type: %s', (app) => {
  test('operation 1 acts as operation 2: the account of the same type is replaced', async () => {
    const { operate, held } = world();
    await operate(app, tokenAccounts(1, 'phone', 'alice', ['a@x.com', 2]));
    await operate(app, tokenAccounts(1, 'phone', 'bobby'));
    expect(await held(app, 'phone')).toEqual(['0#bobby', '2#a@x.com']);
  });

  test('operation 2 replaces only the types it names', async () => {
    const { operate, held } = world();
    await operate(app, tokenAccounts(2, 'phone', 'alice', ['a@x.com', 2]));
    await operate(app, tokenAccounts(2, 'phone', ['b@x.com', 2]));
    expect(await held(app, 'phone')).toEqual(['2#b@x.com', '0#alice']);
  });

  test('of several accounts of one type in a list the last wins', async () => {
    const { operate, held } = world();
    await operate(app, tokenAccounts(1, 'phone', 'alice', 'bobby', 'carol'));
    expect(await held(app, 'phone')).toEqual(['0#carol']);
  });
});

describe.each(['xg', 'tpns'] as const)('the two queries in %s', (app) => {
  test('entries come in the order of the request, and what is bound the most recent first', async () => {
    const { operate, held, holders } = world();
    await operate(app, tokenAccounts(1, 'phone', 'alice'));
    await operate(app, tokenAccounts(1, 'tablet', 'bobby', 'alice'));
    await operate(app, tokenAccounts(1, 'watch', 'alice'));
    expect(await holders(app, 'alice')).toEqual(['watch', 'tablet', 'phone']);
    expect(await held(app, 'tablet')).toEqual(['0#bobby', '0#alice']);
  });

  test('tokens that one request binds are shown in the order given', async () => {
    const { operate, holders } = world();
    const element = (token: string) => ({ token, account_list: [account('alice')] });
    await operate(app, { operator_type: 1, token_accounts: ['zebra', 'apple', 'mango'].map(element) });
    expect(await holders(app, 'alice')).toEqual(['zebra', 'apple', 'mango']);
  });

  test('an element asked twice is answered twice', async () => {
    const { operate, query } = world();
    await operate(app, tokenAccounts(1, 'phone', 'alice'));
    expect(await query(app, accountsOf('phone', 'phone'))).toMatchObject({
      token_accounts: [{ account_list: [{ account: 'alice' }] }, { account_list: [{ account: 'alice' }] }],
    });
  });

  test('a token shows its newest 10 accounts', async () => {
    const { operate, held } = world();
    for (let i = 0; i < 12; i++) await operate(app, tokenAccounts(1, 'phone', `user ${i}`));
    expect(await held(app, 'phone')).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((i) => `0#user ${i}`));
  });

  test('an account shows its newest 100 tokens', async () => {
    const { operate, holders } = world();
    for (let i = 0; i < 102; i++) await operate(app, tokenAccounts(1, `token ${i}`, 'alice'));
    const tokens = await holders(app, 'alice');
    expect(tokens).toHaveLength(100);
    expect([tokens[0], tokens[99]]).toEqual(['token 101', 'token 2']);
  });
});

describe("the documents' samples, sent", () => {
  test('the XG queries are answered as printed', async () => {
    const { operate, query } = world();
    await operate('xg', xg.bindOverriding.request);
    expect(JSON.stringify(await query('xg', xg.accountsOf.request))).toBe(JSON.stringify(xg.accountsOf.reply));
    for (const { account, account_type, token_list } of xg.tokensOf.reply.account_tokens) {
      const element = (token: string) => ({ token, account_list: [{ account, account_type }] });
      await operate('xg', { operator_type: 1, token_accounts: token_list.map(element) });
    }
    expect(JSON.stringify(await query('xg', xg.tokensOf.request))).toBe(JSON.stringify(xg.tokensOf.reply));
  });

  test('the TPNS queries are answered as printed', async () => {
    const { operate, query } = world();
    for (const element of tpns.accountsOf.reply.token_accounts)
      await operate('tpns', { operator_type: 2, token_accounts: [element] });
    expect(JSON.stringify(await query('tpns', tpns.accountsOf.request))).toBe(JSON.stringify(tpns.accountsOf.reply));
    for (const { account, token_list } of tpns.tokensOf.reply.account_tokens) {
      const element = (token: string) => ({ token, account_list: [{ account }] });
      await operate('tpns', { operator_type: 1, token_accounts: token_list.map(element) });
    }
    expect(JSON.stringify(await query('tpns', tpns.tokensOf.request))).toBe(JSON.stringify(tpns.tokensOf.reply));
  });

  test('the five requests of the XG document are done', async () => {
    const { operate, held } = world();
    expect(await operate('xg', xg.bind.request)).toMatchObject({ result: ['ok', 'ok'] });
    expect(await operate('xg', xg.bindOverriding.request)).toMatchObject({ result: ['ok', 'ok'] });
    expect(await operate('xg', xg.unbind.request)).toMatchObject({ result: ['ok', 'ok'] });
    expect(await operate('xg', xg.bind.request)).toMatchObject({ result: ['ok', 'ok'] });
    expect(await operate('xg', xg.unbindAccountFromAll.request)).toMatchObject({ result: ['ok', 'ok'] });
    expect(await held('xg', 'token1')).toEqual([]);
    expect(await held('xg', 'token2')).toEqual(['2#926@163.com', '1#1527000001']);
    expect(await operate('xg', xg.unbindTokenFromAll.request)).toMatchObject({
      result: ['ok', 'ok', 'token_not_exists'],
    });
    expect(await held('xg', 'token2')).toEqual([]);
  });
});

describe('what each dialect says', () => {
  test('XG: an entry for each element with its account type, empty on a miss, and no list of results', async () => {
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

  test('TPNS: a result for each element, 10110008 on a miss, and the account type only where it is not 0', async () => {
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

  test('TPNS: a query of which nothing is bound still has the code 0', async () => {
    const { query } = world();
    expect(await query('tpns', accountsOf('none'))).toMatchObject({ retCode: 0, result: ['10110008'] });
  });

  test('batchoperate says ret_code in both dialects', async () => {
    const { operate } = world();
    for (const app of ['xg', 'tpns'])
      expect(Object.keys((await operate(app, clearTokens('phone'))) as object)).toEqual([
        'ret_code',
        'err_msg',
        'result',
      ]);
  });

  test("the app's credential decides the dialect, whatever the body looks like", async () => {
    const { query } = world();
    expect(await query('tpns', xg.tokensOf.request)).toHaveProperty('retCode', 0);
    expect(await query('xg', { ...tpns.tokensOf.request, retCode: 1 })).toHaveProperty('ret_code', 0);
  });
});

describe('who asks', () => {
  test('goes with each operation, and is no part of what it does', async () => {
    const { operate, queue } = world();
    await operate('xg', { ...clearTokens('phone', 'tablet'), op_type: 'rtx', op_id: 'operator@example.com' });
    const [message] = queue;
    const operator = { type: 'rtx', id: 'operator@example.com' };
    expect(message?.operations.map((operation) => operation.operator)).toEqual([operator, operator]);
  });
});

describe('what the log says', () => {
  const send = (body: unknown, path: string = PATHS.operate) =>
    world().send({ path, headers: basic('xg'), body: Buffer.from(JSON.stringify(body)) });

  test('of a request: app, operation, number of elements, outcome and kind of operator, nothing personal', async () => {
    const body = { ...tokenAccounts(2, 'phone', 'alice'), op_type: 'rtx', op_id: 'operator@example.com' };
    expect((await send(body)).line).toEqual({
      app: 'xg',
      operation: 'bindOverriding',
      elements: 1,
      operator: 'rtx',
      outcome: 'applied',
      refused: 0,
      superseded: 0,
    });
  });

  test('of a query: the same', async () => {
    expect((await send(tokensOf('alice', 'bobby'), PATHS.query)).line).toEqual({
      app: 'xg',
      operation: 'tokensOf',
      elements: 2,
      outcome: 'answered',
    });
  });

  test('of a refusal: its reason', async () => {
    expect((await send({ operator_type: 4 })).line).toEqual({ app: 'xg', outcome: 'refused', reason: 'missing' });
  });
});
