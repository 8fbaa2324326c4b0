import { AccountType } from '../../core/account.ts';
import type { Dialect } from '../../core/configuration.ts';

/** The TPNS types with the labels of XG's types from 1000 on, WeChat to LinkedIn. */
const NETWORKS = [1003, 1004, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015];

/** The number of types for the app's own use: in XG all from 2001 on, in TPNS the sixteen from 1. */
const OWN_TYPES = 16;

/**
 * Account types that mean the same: unknown, mobile, e-mail, networks, own. The numbers of the two tables collide (1002
 * is Weibo in XG, mobile in TPNS). XG: account_type of its v3 push API. TPNS:
 * https://www.tencentcloud.com/document/product/1024/40598.
 */
const SAME: readonly { readonly xg: number; readonly tpns: number }[] = [
  { xg: 0, tpns: 0 },
  { xg: 1, tpns: 1002 },
  { xg: 2, tpns: 1005 },
  ...NETWORKS.map((tpns, place) => ({ xg: 1000 + place, tpns })),
  ...Array.from({ length: OWN_TYPES }, (_, place) => ({ xg: 2001 + place, tpns: 1 + place })),
];

const tableOf = (from: Dialect, to: Dialect): ReadonlyMap<number, AccountType> =>
  new Map(SAME.map((type) => [type[from], AccountType.parse(type[to])]));

const TABLES = { xg: tableOf('xg', 'tpns'), tpns: tableOf('tpns', 'xg') } as const;

/** Returns the type of the same label in another dialect's table; undefined if there is none, as for XG's "visitor" in TPNS. */
export const translatedType = (from: Dialect, to: Dialect, type: AccountType): AccountType | undefined =>
  from === to ? type : TABLES[from].get(type);
