import { expect, test } from 'vitest';
import { translatedType } from '../../../functions/account-api/wire/account-types.ts';
import { AccountType } from '../../../functions/core/account.ts';

const type = (number: number) => AccountType.parse(number);

/** Labels with their numbers in the two published tables. */
const LABELS: readonly (readonly [label: string, xg: number, tpns: number])[] = [
  ['unknown', 0, 0],
  ['mobile', 1, 1002],
  ['e-mail', 2, 1005],
  ['WeChat', 1000, 1003],
  ['QQ', 1001, 1004],
  ['Weibo', 1002, 1006],
  ['Alipay', 1003, 1007],
  ['Taobao', 1004, 1008],
  ['Douban', 1005, 1009],
  ['Facebook', 1006, 1010],
  ['Twitter', 1007, 1011],
  ['Google', 1008, 1012],
  ['Baidu', 1009, 1013],
  ['JD', 1010, 1014],
  ['LinkedIn', 1011, 1015],
  ['the first of the app’s own', 2001, 1],
  ['the last of the app’s own that TPNS has', 2016, 16],
];

test.each(LABELS)('the type %s is XG %i and TPNS %i', (_, xg, tpns) => {
  expect(translatedType('xg', 'tpns', type(xg))).toBe(tpns);
  expect(translatedType('tpns', 'xg', type(tpns))).toBe(xg);
});

test('a type without a counterpart is translated to nothing', () => {
  for (const number of [1999, 2000, 2017, 3, 999]) expect(translatedType('xg', 'tpns', type(number))).toBeUndefined();
  for (const number of [17, 991, 992, 997, 998, 999, 1001])
    expect(translatedType('tpns', 'xg', type(number))).toBeUndefined();
});

test('every number stays within one dialect', () => {
  for (const dialect of ['xg', 'tpns'] as const)
    for (const number of [0, 1, 1002, 1999, 77_777])
      expect(translatedType(dialect, dialect, type(number))).toBe(number);
});
