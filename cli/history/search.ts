import {
  type Account,
  type AccountKey,
  accountKey,
  parseAccountKey,
  type Token,
} from '../../functions/core/account.ts';
import type { AppId } from '../../functions/core/configuration.ts';
import { isTokenOperation, type Operation } from '../../functions/core/operation.ts';
import { AT_ONCE, inParallel } from '../../functions/core/parallel.ts';
import type { TokenRef } from '../../functions/core/store.ts';
import type { Entry, HistoryReader } from '../../functions/history/entry.ts';
import { accountsIn, answerAt, type TokenLedger } from '../../functions/history/replay.ts';

/** The most tokens of an account that are looked at: those of its newest operations. */
const MOST_TOKENS = 200;

/** The ledger of a token, with the sign-outs of its accounts. */
export async function ledgerOf(reader: HistoryReader, ref: TokenRef, nowMs: number): Promise<TokenLedger> {
  const entries = await reader.ofToken(ref);
  const accounts = accountsIn(entries);
  const signOuts = await inParallel(accounts, AT_ONCE, (key) =>
    reader.ofAccount({ app: ref.app, account: parseAccountKey(key) }, 'signOuts'),
  );
  return { entries, nowMs, signOuts: new Map(accounts.map((key, i) => [key, signOuts[i] ?? []])) };
}

/** The operations of a token and the sign-outs of its accounts. */
export const entriesOfToken = ({ entries, signOuts }: TokenLedger): Entry[] => [
  ...entries,
  ...new Map([...signOuts.values()].flat().map((entry) => [JSON.stringify(entry.operation), entry])).values(),
];

/** The history of an account: its tokens, each with its ledger. `hasMore`: it has more tokens than were looked at. */
export type AccountLedger = {
  readonly own: readonly Entry[];
  readonly tokens: readonly { readonly token: Token; readonly ledger: TokenLedger }[];
  readonly hasMore: boolean;
};

export async function ledgerOfAccount(
  reader: HistoryReader,
  { app, account }: { readonly app: AppId; readonly account: Account },
  nowMs: number,
): Promise<AccountLedger> {
  const own = await reader.ofAccount({ app, account });
  const newest = own.toSorted((a, b) => (a.operation.stamp < b.operation.stamp ? 1 : -1));
  const all = new Set(newest.flatMap(({ operation }) => (isTokenOperation(operation) ? [operation.token] : [])));
  const signOuts = new Map([[accountKey(account), own.filter(({ operation }) => !isTokenOperation(operation))]]);
  const tokens = await inParallel([...all].slice(0, MOST_TOKENS), AT_ONCE, async (token) => ({
    token,
    ledger: { entries: await reader.ofToken({ app, token }), signOuts, nowMs },
  }));
  return { own, tokens, hasMore: all.size > MOST_TOKENS };
}

/** The operations of an account, and those on its tokens that may have ended its bindings without naming it. */
export function entriesOfAccount({ own, tokens }: AccountLedger): Entry[] {
  const known = new Set(own.map(({ operation }) => operationName(operation)));
  const others = tokens.flatMap(({ ledger }) => ledger.entries.filter(({ operation }) => ENDING.has(operation.kind)));
  return [...own, ...others.filter(({ operation }) => !known.has(operationName(operation)))];
}

const operationName = (operation: Operation): string =>
  `${operation.stamp} ${isTokenOperation(operation) ? operation.token : ''}`;

const ENDING: ReadonlySet<Operation['kind']> = new Set(['bindOverriding', 'unbindTokenFromAll', 'endSession']);

/** The tokens on which the account was, or may have been, bound at a time. */
export const tokensAt = ({ tokens }: AccountLedger, account: AccountKey, atMs: number) =>
  tokens
    .map(({ token, ledger }) => ({ token, answer: answerAt(ledger, account, atMs) }))
    .filter(({ answer }) => answer.standing !== 'no');
