import { expect, test } from 'vitest';
import * as z from 'zod';
import { OperateReplies, OperateRequests } from '../../../functions/account-api/wire/operate.ts';
import { QueryReplies, QueryRequests } from '../../../functions/account-api/wire/query.ts';
import { type Failure, failureOf } from '../../../functions/account-api/wire/statuses.ts';
import { Account, Token } from '../../../functions/core/account.ts';

const failed = (problem: Failure['problem'], code: number) => ({ kind: 'failed', problem, code });
const alice = Account.parse({ type: 0, id: 'alice' });
const phone = Token.parse('phone');

test('both "ok" and "0" mean done', () => {
  const read = (result: string[]) => OperateReplies.tpns.parse({ ret_code: 0, err_msg: 'NO_ERROR', result });
  expect(read(['ok', '0'])).toEqual({ kind: 'done', results: ['done', 'done'] });
});

test('each element has its own result if some failed', () => {
  const result = ['0', '1008006', '1008029', '1008004', '1008028', '1008007', '42'];
  expect(OperateReplies.tpns.parse({ ret_code: 1008026, err_msg: 'batch op,partly error', result })).toEqual({
    kind: 'done',
    results: ['done', 'unknownToken', 'unknownToken', 'unavailable', 'unavailable', 'refused', 'refused'],
  });
});

test('a reply may have nothing but its code', () => {
  expect(OperateReplies.xg.parse({ ret_code: 0 })).toEqual({ kind: 'done', results: [] });
  expect(OperateReplies.tpns.parse({ ret_code: 1008027 })).toEqual(failed('invalid', 1008027));
  expect(OperateReplies.tpns.parse({ ret_code: 1008003, err_msg: 'auth failure' })).toEqual(
    failed('notAuthenticated', 1008003),
  );
});

test('keys that are not documented are ignored', () => {
  const reply = { ret_code: 0, err_msg: 'ok', result: ['ok'], seq: 1, environment: 'product', err_msg_zh: '' };
  expect(OperateReplies.xg.parse(reply)).toEqual({ kind: 'done', results: ['done'] });
});

test.each([null, [], {}, { ret_code: '0' }, { retCode: 0, errMsg: 'ok' }, { ret_code: 0, result: 'ok' }])(
  'the JSON %j is not a reply',
  (reply) => {
    expect(OperateReplies.tpns.safeParse(reply).success).toBe(false);
  },
);

test('account types and results are optional', () => {
  const reply = {
    retCode: 0,
    errMsg: 'NO_ERROR',
    token_accounts: [{ token: 'phone', account_list: [{ account: 'alice' }, { account: 'bobby', account_type: 5 }] }],
  };
  const bobby = { type: 5, id: 'bobby' };
  expect(QueryReplies.tpns.parse(reply)).toEqual({
    kind: 'found',
    accountsOf: [{ token: 'phone', accounts: [alice, bobby] }],
  });
});

test.each([0, 10110008, 1008026, 1008027])('the list is optional if nothing was found: %i', (retCode) => {
  expect(QueryReplies.tpns.parse({ retCode, errMsg: '', result: ['10110008'] })).toEqual({ kind: 'found' });
});

test('a failure is read as a failure', () => {
  expect(QueryReplies.tpns.parse({ retCode: 1008028, errMsg: 'request too fast' })).toEqual(
    failed('unavailable', 1008028),
  );
  expect(QueryReplies.xg.parse({ ret_code: 10108, err_msg: '' })).toEqual(failed('unavailable', 10108));
});

test('a reply with the keys of the other dialect is refused, because a missing code is not 0', () => {
  expect(QueryReplies.tpns.safeParse({ ret_code: 0, err_msg: 'ok' }).success).toBe(false);
  expect(QueryReplies.xg.safeParse({ retCode: 0, errMsg: 'ok' }).success).toBe(false);
});

test.each([
  ['xg', 'unavailable', [10100, 10101, 10108, 10109, 10111, 10114, 10401, 10503, 10507, 10605, 10713, 77, 99999]],
  ['xg', 'invalid', [10103, 10105, 10107, 10110, 10115, 10116, 10117, 10302, 10606]],
  ['xg', 'missing', [10102]],
  ['xg', 'notAuthenticated', [10104, 1008003]],
  ['tpns', 'unavailable', [1008004, 1008028]],
  ['tpns', 'invalid', [1008006, 1008007, 1008029, 77]],
  ['tpns', 'missing', [1008002]],
  ['tpns', 'wrongType', [1008001]],
  ['tpns', 'notAuthenticated', [1008003, 10104, 1008030, 1008031, 1008035, 1010001, 10030002]],
] as const)('a code of %s is read as the problem "%s": %j', (dialect, problem, codes) => {
  expect(codes.filter((code) => failureOf(dialect, code).problem !== problem)).toEqual([]);
});

const written = <T>(codec: z.core.$ZodType<T>, request: T) => JSON.stringify(z.encode(codec, request));
const platform = 'ios' as const;

test('an XG request has platform and account types, and the operator last', () => {
  const elements = [{ token: phone, accounts: [alice] }];
  expect(written(OperateRequests.xg, { kind: 'bindOverriding', elements, platform, operator: 'rtx' })).toBe(
    '{"operator_type":2,"platform":"ios","token_accounts":[{"token":"phone","account_list":[{"account":"alice","account_type":0}]}],' +
      '"op_type":"rtx"}',
  );
});

test('a TPNS request has no platform, and account types only if they are not 0', () => {
  const bobby = Account.parse({ type: 5, id: 'bobby' });
  expect(written(OperateRequests.tpns, { kind: 'unbindAccountFromAll', accounts: [alice, bobby], platform })).toBe(
    '{"operator_type":5,"account_list":[{"account":"alice"},{"account":"bobby","account_type":5}]}',
  );
  expect(written(QueryRequests.tpns, { kind: 'accountsOf', tokens: [phone], platform })).toBe(
    '{"operator_type":2,"token_list":["phone"]}',
  );
});

test('a request beyond the limits is not written', () => {
  const tokens = Array.from({ length: 501 }, () => phone);
  expect(z.safeEncode(OperateRequests.tpns, { kind: 'unbindTokenFromAll', tokens }).success).toBe(false);
  const long = [Token.parse('t'.repeat(65))];
  expect(z.safeEncode(OperateRequests.xg, { kind: 'unbindTokenFromAll', tokens: long }).success).toBe(false);
});
