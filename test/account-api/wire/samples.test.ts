import { expect, test } from 'vitest';
import * as z from 'zod';
import { OperateReplies, OperateRequests } from '../../../functions/account-api/wire/operate.ts';
import { QueryReplies, QueryRequests } from '../../../functions/account-api/wire/query.ts';
import tpns from '../samples/tpns-2020.json' with { type: 'json' };
import xg from '../samples/xg-2019.json' with { type: 'json' };

/** Reads and writes a sample. The keys have to stay in the order of the document. */
const again = <T>(codec: z.core.$ZodType<T>, sample: unknown): string =>
  JSON.stringify(z.encode(codec, z.decode(codec, JSON.parse(JSON.stringify(sample)))));

const { bind, bindOverriding, unbind, unbindTokenFromAll, unbindAccountFromAll } = xg;

test.for(Object.entries({ bind, bindOverriding, unbind, unbindTokenFromAll, unbindAccountFromAll }))(
  'the request of %s stays the same, read and written again',
  ([kind, { request }]) => {
    expect(again(OperateRequests.xg, request)).toBe(JSON.stringify(request));
    expect(OperateRequests.xg.parse(request)).toMatchObject({ kind, platform: 'android' });
  },
);

test('the replies of batchoperate stay the same, read and written again', () => {
  expect(again(OperateReplies.xg, xg.operateReply)).toBe(JSON.stringify(xg.operateReply));
  expect(again(OperateReplies.tpns, tpns.operateReply)).toBe(JSON.stringify(tpns.operateReply));
});

test.for([
  ['tokensOf', 'xg', xg.tokensOf],
  ['accountsOf', 'xg', xg.accountsOf],
  ['tokensOf', 'tpns', tpns.tokensOf],
  ['accountsOf', 'tpns', tpns.accountsOf],
] as const)('the request and the reply of %s stay the same, read and written again', ([kind, dialect, sample]) => {
  const { request, reply } = sample;
  expect(again(QueryRequests[dialect], request)).toBe(JSON.stringify(request));
  expect(QueryRequests[dialect].parse(request)).toMatchObject({ kind });
  expect(again(QueryReplies[dialect], reply)).toBe(JSON.stringify(reply));
});

test("a request is read with the domain's names", () => {
  expect(OperateRequests.xg.parse(xg.bind.request)).toEqual({
    kind: 'bind',
    platform: 'android',
    elements: [1, 2].map((n) => ({
      token: `token${n}`,
      accounts: [
        { type: 2, id: ['926@126.com', '926@163.com'][n - 1] },
        { type: 1, id: `${1526999999 + n}` },
      ],
    })),
  });
  expect(QueryRequests.tpns.parse(tpns.tokensOf.request)).toEqual({
    kind: 'tokensOf',
    accounts: [
      { type: 0, id: 'account1' },
      { type: 0, id: 'account2' },
    ],
  });
});
