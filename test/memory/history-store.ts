import { type AccountKey, parseAccountKey } from '../../functions/core/account.ts';
import { isTokenOperation } from '../../functions/core/operation.ts';
import type { TokenRef } from '../../functions/core/store.ts';
import { type Entry, entriesOf, type Place, type RecordedMessage } from '../../functions/history/entry.ts';
import { accountsIn, type TokenLedger } from '../../functions/history/replay.ts';
import { accountRefKey, tokenKey } from './registry-store.ts';

/** So many days that nothing expires in a case. */
const DAYS = 3_650;

const nameOf = (place: Place): string => ('token' in place ? tokenKey(place.token) : accountRefKey(place.account));

/** The ledger in memory. An entry is written once, as in the table. */
export function memoryHistory() {
  const entries = new Map<string, Map<string, Entry>>();
  const sortKey = ({ operation }: Entry) =>
    `${operation.stamp} ${isTokenOperation(operation) ? operation.token : 'sign-out'}`;
  return {
    record: (messages: readonly RecordedMessage[], nowMs: number) => {
      for (const [place, entry] of messages.flatMap((message) => entriesOf(message, nowMs, DAYS))) {
        const own = entries.get(nameOf(place)) ?? new Map<string, Entry>();
        entries.set(nameOf(place), own);
        const known = own.get(sortKey(entry));
        const acceptedMs = Math.min(known?.acceptedMs ?? entry.acceptedMs ?? 0, entry.acceptedMs ?? 0);
        const kept = known === undefined || known.outcome === 'unavailable' ? entry : known;
        own.set(sortKey(entry), { ...kept, acceptedMs });
      }
    },
    ledgerOf: (ref: TokenRef, nowMs: number): TokenLedger => {
      const own = [...(entries.get(tokenKey(ref))?.values() ?? [])];
      const signOutsOf = (account: AccountKey) =>
        [...(entries.get(accountRefKey({ app: ref.app, account: parseAccountKey(account) }))?.values() ?? [])].filter(
          ({ operation }) => !isTokenOperation(operation),
        );
      return { entries: own, nowMs, signOuts: new Map(accountsIn(own).map((key) => [key, signOutsOf(key)])) };
    },
  };
}
