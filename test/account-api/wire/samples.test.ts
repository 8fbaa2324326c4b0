import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { OperateReplies, OperateRequests } from '../../../functions/account-api/wire/operate.ts';
import { QueryReplies, QueryRequests } from '../../../functions/account-api/wire/query.ts';
import tpns from '../samples/tpns-2020.json' with { type: 'json' };
import xg from '../samples/xg-2019.json' with { type: 'json' };

/** Reads and writes a sample. The keys have to stay in the order of the document. */
const again = <T>(codec: z.core.$ZodType<T>, sample: unknown): string =>
  JSON.stringify(z.encode(codec, z.decode(codec, JSON.parse(JSON.stringify(sample)))));

describe('samples of the XG document', () => {
  const { bind, bindOverriding, unbind, unbindTokenFromAll, unbindAccountFromAll } = xg;
  test.for(Object.entries({ bind, bindOverriding, unbind, unbindTokenFromAll, unbindAccountFromAll }))(
    'the request of %s stays the same, read and written again',
    ([kind, { request }]) => {
      expect(again(OperateRequests.xg, request)).toBe(JSON.stringify(request));
      expect(OperateRequests.xg.parse(request)).toMatchObject({ kind, platform: 'android' });
    },
  );
  test('the reply of batchoperate stays the same, read and written again', () => {
    expect(again(OperateReplies.xg, xg.operateReply)).toBe(JSON.stringify(xg.operateReply));
  });
  test.for([
    ['tokensOf', xg.tokensOf],
    ['accountsOf', xg.accountsOf],
  ] as const)('the request and the reply of %s stay the same, read and written again', ([kind, { request, reply }]) => {
    expect(again(QueryRequests.xg, request)).toBe(JSON.stringify(request));
    expect(QueryRequests.xg.parse(request)).toMatchObject({ kind });
    expect(again(QueryReplies.xg, reply)).toBe(JSON.stringify(reply));
  });
});

test('the reply of batchoperate stays the same, read and written again', () => {
  expect(again(OperateReplies.tpns, tpns.operateReply)).toBe(JSON.stringify(tpns.operateReply));
});
test.for([
  ['tokensOf', tpns.tokensOf],
  ['accountsOf', tpns.accountsOf],
] as const)('the request and the reply of %s stay the same, read and written again', ([kind, { request, reply }]) => {
  expect(again(QueryRequests.tpns, request)).toBe(JSON.stringify(request));
  expect(QueryRequests.tpns.parse(request)).toMatchObject({ kind });
  expect(again(QueryReplies.tpns, reply)).toBe(JSON.stringify(reply));
});

test("a request is read with the domain's names", () => {
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
