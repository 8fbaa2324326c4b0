import { describe, expect, test } from 'vitest';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import type { Outcome } from '../../functions/core/outcome.ts';
import type { Accepted } from '../../functions/operations/accept.ts';
import { account, accountsOf, basic, json, tokenAccounts, tokensOf, world } from '../world/account-api.ts';

const BUSY = {
  xg: { ret_code: 10101, err_msg: 'System busy. Please retry later' },
  tpns: { ret_code: 1008004, err_msg: 'invoke service error' },
} as const;

const OPERATIONS = [
  tokenAccounts(1, 'phone', 'alice'),
  tokenAccounts(2, 'phone', 'alice'),
  tokenAccounts(3, 'phone', 'alice'),
  { operator_type: 4, token_list: ['phone'] },
  { operator_type: 5, account_list: [account('alice')] },
];

describe.each(['xg', 'tpns'] as const)('while the queue cannot be reached, %s', (app) => {
  test.each(OPERATIONS)('operation $operator_type gets 503 with Retry-After', async (body) => {
    const { send, state, changes } = world();
    state.isQueueDown = true;
    expect(await send({ headers: basic(app), body: json(body) })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: BUSY[app],
      line: { app, elements: 1, outcome: 'unavailable', reason: 'QueueDown' },
    });
    expect(changes()).toBe(0);
  });

  test('queries are answered', async () => {
    const { state, query } = world();
    state.isQueueDown = true;
    expect(JSON.stringify(await query(app, accountsOf('phone')))).toMatch(/^{"ret_?[cC]ode":0,/);
  });
});

describe.each(['xg', 'tpns'] as const)('while the store cannot be reached, %s', (app) => {
  test.each(OPERATIONS)('operation $operator_type is durable and applied later', async (body) => {
    const { send, state, queue, redeliver, holders } = world();
    state.isStoreDown = true;
    expect(await send({ headers: basic(app), body: json(body) })).toMatchObject({
      status: 200,
      headers: { 'bindery-outcome': 'durable' },
      body: { ret_code: 0, err_msg: 'ok', result: [app === 'xg' ? 'ok' : '0'] },
      line: { outcome: 'durable' },
    });
    expect(queue).toHaveLength(1);
    state.isStoreDown = false;
    await redeliver();
    expect(await holders(app, 'alice')).toEqual(body.operator_type <= 2 ? ['phone'] : []);
  });

  test.each([accountsOf('phone'), tokensOf('alice')])('a query gets 503 and not an empty answer', async (body) => {
    const { send, state } = world();
    state.isStoreDown = true;
    const busy = { xg: BUSY.xg, tpns: { retCode: 1008004, errMsg: 'invoke service error' } }[app];
    expect(await send({ path: PATHS.query, headers: basic(app), body: json(body) })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: busy,
      line: { outcome: 'unavailable', reason: 'StoreDown' },
    });
  });
});

describe('an element that can never be applied', () => {
  const [applied, refused]: [Outcome, Outcome] = [{ kind: 'applied' }, { kind: 'refused', reason: 'a rule' }];

  /** Binds one element for each outcome. */
  async function bound(app: string, outcomes: readonly Outcome[]) {
    const accepted: Accepted = { kind: 'accepted', outcomes };
    const { send } = world({ accept: async () => accepted });
    const element = { token: 'phone', account_list: [account('alice')] };
    const body = json({ operator_type: 1, token_accounts: outcomes.map(() => element) });
    const reply = await send({ headers: basic(app), body });
    return { status: reply.status, body: reply.body, refused: reply.line?.['refused'], headers: reply.headers };
  }

  test('a refused element has its own result in TPNS, and the reply a code for some or all refused', async () => {
    const some = { ret_code: 1008026, err_msg: 'batch op,partly error', result: ['0', '1008007'] };
    const all = { ret_code: 1008027, err_msg: 'batch op,total error', result: ['1008007', '1008007'] };
    expect(await bound('tpns', [applied, refused])).toMatchObject({ status: 200, body: some, refused: 1 });
    expect(await bound('tpns', [refused, refused])).toMatchObject({ status: 200, body: all, refused: 2 });
  });

  test('a refused element has its own result in XG, and the reply has the code 0', async () => {
    const body = { ret_code: 0, err_msg: 'ok', result: ['parameter_invalid', 'ok'] };
    expect(await bound('xg', [refused, applied])).toMatchObject({ status: 200, body, refused: 1 });
  });

  test.each<[string, Outcome[]]>([
    ['applied', [{ kind: 'applied' }, { kind: 'applied' }]],
    ['superseded', [{ kind: 'applied' }, { kind: 'superseded' }]],
    ['durable', [{ kind: 'superseded' }, { kind: 'unavailable', reason: 'StoreDown' }]],
  ])('elements that are done on the wire have the header %s', async (header, outcomes) => {
    expect(await bound('tpns', outcomes)).toMatchObject({
      headers: { 'bindery-outcome': header },
      body: { ret_code: 0, result: ['0', '0'] },
    });
  });
});
