import { type Account, type AccountKey, accountKey, parseAccountKey, type Token } from './account.ts';
import { candidates, isBound } from './document.ts';
import { readable } from './outcome.ts';
import { chunksOf, inParallel } from './parallel.ts';
import { byRecency, eventOf } from './stamp.ts';
import type { AccountRef, Pointer, RegistryStore, TokenRef } from './store.ts';

/** A reply shows at most so many: the newest accounts of a token, the newest tokens of an account. The store keeps more. */
export const SHOWN = { accounts: 10, tokens: 100 } as const;

/** Accounts that are looked up at the same time. */
const ACCOUNTS_AT_ONCE = 8;

/**
 * The accounts bound to each token, most recently bound first. Strongly consistent: watermarks are read after the
 * documents, so each account returned was bound at the moment its document was read.
 */
export async function accountsOf(store: RegistryStore, tokens: readonly TokenRef[]): Promise<Account[][]> {
  const documents = (await store.documents(tokens)).map((stored) => readable(stored)?.document);
  const named = new Map<string, AccountRef>();
  for (const [i, { app }] of tokens.entries())
    for (const account of candidates(documents[i]))
      named.set(`${app}#${account}`, { app, account: parseAccountKey(account) });
  const watermarks = await store.clears([...named.values()]);
  const clears = new Map([...named.keys()].map((key, i) => [key, watermarks[i] ?? '']));
  return tokens.map(({ app }, i) => {
    const document = documents[i];
    if (document === undefined) return [];
    return candidates(document)
      .filter((account) => isBound(document, account, clears.get(`${app}#${account}`) ?? ''))
      .map((account) => ({ account, edge: document.edges[account] ?? '' }))
      .sort((a, b) => byRecency(a.edge, b.edge))
      .slice(0, SHOWN.accounts)
      .map(({ account }) => parseAccountKey(account));
  });
}

/** The tokens bound to each account, most recently bound first. Strongly consistent, as above: the watermark is read last. */
export const tokensOf = (store: RegistryStore, accounts: readonly AccountRef[]): Promise<Token[][]> =>
  inParallel(accounts, ACCOUNTS_AT_ONCE, (account) => tokensOfOne(store, account));

async function tokensOfOne(store: RegistryStore, ref: AccountRef): Promise<Token[]> {
  const account = accountKey(ref.account);
  const bound = await newestBound(store, ref, account);
  const [clear = ''] = await store.clears([ref]);
  return bound.filter(({ edge }) => edge > clear).map(({ token }) => token);
}

/**
 * Reads the documents behind the newest pointers until enough tokens are bound. A pointer is never earlier than its
 * token's edge: once the next pointer is earlier than the last edge to show, no later pointer can matter.
 */
async function newestBound(store: RegistryStore, ref: AccountRef, account: AccountKey): Promise<Pointer[]> {
  const pointers = (await store.pointers(ref)).sort((a, b) => (a.edge < b.edge ? 1 : -1));
  let bound: Pointer[] = [];
  for (const page of chunksOf(pointers, SHOWN.tokens)) {
    const last = bound[SHOWN.tokens - 1];
    if (last !== undefined && (page[0]?.edge ?? '') < eventOf(last.edge)) break;
    const documents = await store.documents(page.map(({ token }) => ({ app: ref.app, token })));
    for (const [i, { token }] of page.entries()) {
      const document = readable(documents[i])?.document;
      if (document !== undefined && isBound(document, account, ''))
        bound.push({ token, edge: document.edges[account] ?? '' });
    }
    bound = bound.sort((a, b) => byRecency(a.edge, b.edge)).slice(0, SHOWN.tokens);
  }
  return bound;
}
