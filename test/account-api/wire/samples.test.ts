import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { OperateReplies, OperateRequests } from '../../../functions/account-api/wire/operate.ts';
import { QueryReplies, QueryRequests } from '../../../functions/account-api/wire/query.ts';
import tpns from '../samples/tpns-2020.json' with { type: 'json' };
import xg from '../samples/xg-2019.json' with { type: 'json' };

/** Read, written, and as text again: the keys have to be in the order printed. */
const again = <T>(codec: z.core.$ZodType<T>, sample: unknown): string =>
  JSON.stringify(z.encode(codec, z.decode(codec, JSON.parse(JSON.stringify(sample)))));

describe('reading and then writing a sample of the XG document gives it back', () => {
  const { bind, bindOverriding, unbind, unbindTokenFromAll, unbindAccountFromAll } = xg;
  test.for(Object.entries({ bind, bindOverriding, unbind, unbindTokenFromAll, unbindAccountFromAll }))(
    'the request of %s',
    ([kind, { request }]) => {
      expect(again(OperateRequests.xg, request)).toBe(JSON.stringify(request));
      expect(OperateRequests.xg.parse(request)).toMatchObject({ kind, platform: 'android' });
    },
  );
  test('the reply of batchoperate', () => {
    expect(again(OperateReplies.xg, xg.operateReply)).toBe(JSON.stringify(xg.operateReply));
  });
  test.for([
    ['tokensOf', xg.tokensOf],
    ['accountsOf', xg.accountsOf],
  ] as const)('the request and the reply of %s', ([kind, { request, reply }]) => {
    expect(again(QueryRequests.xg, request)).toBe(JSON.stringify(request));
    expect(QueryRequests.xg.parse(request)).toMatchObject({ kind });
    expect(again(QueryReplies.xg, reply)).toBe(JSON.stringify(reply));
  });
});

describe('reading and then writing a sample of the TPNS document gives it back', () => {
  test('the reply of batchoperate', () => {
    expect(again(OperateReplies.tpns, tpns.operateReply)).toBe(JSON.stringify(tpns.operateReply));
  });
  test.for([
    ['tokensOf', tpns.tokensOf],
    ['accountsOf', tpns.accountsOf],
  ] as const)('the request and the reply of %s', ([kind, { request, reply }]) => {
    expect(again(QueryRequests.tpns, request)).toBe(JSON.stringify(request));
    expect(QueryRequests.tpns.parse(request)).toMatchObject({ kind });
    expect(again(QueryReplies.tpns, reply)).toBe(JSON.stringify(reply));
  });
});

test("a request is read in the domain's words", () => {
  expect(OperateRequests.xg.parse(xg.bind.request)).toEqual({
    kind: 'bind',
    platform: 'android',
    elements: [
      {
        token: 'token1',
        accounts: [
          { type: 2, id: '926@126.com' },
          { type: 1, id: '1527000000' },
        ],
      },
      {
        token: 'token2',
        accounts: [
          { type: 2, id: '926@163.com' },
          { type: 1, id: '1527000001' },
        ],
      },
    ],
  });
  expect(QueryRequests.tpns.parse(tpns.tokensOf.request)).toEqual({
    kind: 'tokensOf',
    accounts: [
      { type: 0, id: 'account1' },
      { type: 0, id: 'account2' },
    ],
  });
});
