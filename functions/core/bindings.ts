import { type Account, accountKey, parseAccountKey, type Token } from './account.ts';
import { candidates, EMPTY, isBound, isRemoved, UNMARKED, type Watermark } from './document.ts';
import { readable, Unavailable } from './outcome.ts';
import { chunksOf, inParallel } from './parallel.ts';
import { type BindTerms, byRecency, eventOf, termsIn } from './stamp.ts';
import {
  type AccountRef,
  MOST_POINTERS,
  type Place,
  type PointedToken,
  type Pointer,
  pointersFrom,
  pointersOf,
  type RegistryStore,
  type TokenRef,
} from './store.ts';

/** A query shows the newest tokens of an account, at most so many, and all accounts of a token. */
export const SHOWN_TOKENS = 100;

/** Accounts that are looked up at the same time. */
const ACCOUNTS_AT_ONCE = 8;

/** The most documents that the queries of one request read behind pointers; past it the registry is unavailable. */
const MOST_DOCUMENTS = 10_000;

/**
 * The accounts bound to each token, most recently bound first. Strongly consistent: watermarks are read after the
 * documents, so each account returned was bound at the moment its document was read.
 */
export async function accountsOf(
  store: RegistryStore,
  tokens: readonly TokenRef[],
  nowMs: number,
): Promise<Account[][]> {
  const bound = await boundTo(store, tokens, nowMs);
  return bound.map((accounts) => accounts.map(({ type, id }) => ({ type, id })));
}

/** As above, with the terms and the moment of their binds. `isAsked`: tests an account by its name. Default: all. */
export async function boundTo(
  store: RegistryStore,
  tokens: readonly TokenRef[],
  nowMs: number,
  isAsked: (name: string) => boolean = () => true,
): Promise<Bound[][]> {
  const documents = (await store.documents(tokens)).map((stored) => readable(stored)?.document ?? EMPTY);
  const asked = documents.map((document, i) =>
    candidates(document, nowMs).filter((account) => isAsked(`${tokens[i]?.app}#${account}`)),
  );
  const named = new Map<string, AccountRef>();
  for (const [i, { app }] of tokens.entries())
    for (const account of asked[i] ?? []) named.set(`${app}#${account}`, { app, account: parseAccountKey(account) });
  const stored = await store.watermarks([...named.values()]);
  const watermarks = new Map([...named.keys()].map((key, i) => [key, readable(stored[i])?.watermark ?? UNMARKED]));
  return tokens.map(({ app }, i) => {
    const document = documents[i] ?? EMPTY;
    return (asked[i] ?? [])
      .filter((account) => isBound(document, account, watermarks.get(`${app}#${account}`) ?? UNMARKED, nowMs))
      .map((account) => ({ ...parseAccountKey(account), edge: document.edges[account] ?? '' }))
      .sort((a, b) => byRecency(a.edge, b.edge))
      .map(({ edge, ...account }) => ({ ...account, edge, ...termsIn(edge) }));
  });
}

/** An account bound to a token: the moment of the bind, and its terms. */
export type Bound = Account & BindTerms & { readonly edge: string };

/** A token bound to the account at a place in a list of accounts. */
export type Binding = PointedToken & Bound;

/**
 * The bindings of accounts from a place on; `next`: the place after them, undefined at the end. Reads at most `most`
 * documents, and the pointers of at most as many accounts. All pages together are complete, however many tokens an account
 * has. Strongly consistent, as above: each binding returned was there at the moment its document was read.
 */
export async function bindingsFrom(
  store: RegistryStore,
  accounts: readonly AccountRef[],
  from: Place,
  { most, nowMs }: { readonly most: number; readonly nowMs: number },
): Promise<{ readonly bindings: readonly Binding[]; readonly next: Place | undefined }> {
  const { pointed, next } = await pointersFrom(store, accounts, from, most);
  const asked = new Set(pointed.map(nameOf));
  const bound = await boundTo(store, pointed, nowMs, (name) => asked.has(name));
  const bindings = pointed.flatMap((one, i) => {
    const own = bound[i]?.find(({ type, id }) => type === one.account.type && id === one.account.id);
    return own ? [{ ...one, ...own }] : [];
  });
  return { bindings, next };
}

const nameOf = ({ app, account }: AccountRef) => `${app}#${accountKey(account)}`;

/** `hasMore`: the account may have more tokens than these. */
type ShownTokens = { readonly tokens: readonly Token[]; readonly hasMore: boolean };

/**
 * The tokens bound to each account, most recently bound first. Strongly consistent, as above: the watermark is read last.
 * An account that is named twice is read once.
 */
export async function tokensOf(
  store: RegistryStore,
  accounts: readonly AccountRef[],
  nowMs: number,
): Promise<ShownTokens[]> {
  const asked = [...new Map(accounts.map((ref) => [nameOf(ref), ref])).values()];
  const work = { store, nowMs, documents: MOST_DOCUMENTS };
  const found = await inParallel(asked, ACCOUNTS_AT_ONCE, (ref) => boundBy(work, ref));
  const shown = new Map(asked.map((ref, i) => [nameOf(ref), found[i]]));
  return accounts.map((ref) => {
    const { bound = [], hasMore = false } = shown.get(nameOf(ref)) ?? {};
    return { tokens: bound.map(({ token }) => token), hasMore };
  });
}

/** The most documents that are read to answer a sender what a sign-out of an account leaves. */
const ANSWER_DOCUMENTS = 1_000;

/**
 * The tokens that stay bound to an account under its watermark, each with the moment of its bind; `hasMore`: perhaps others
 * too. Reads no document that the watermark decides about, and throws `Unavailable` past a number of others.
 */
export const standingTokens = (
  store: RegistryStore,
  ref: AccountRef,
  watermark: Watermark,
  nowMs: number,
): Promise<BoundTokens> => boundBy({ store, nowMs, documents: ANSWER_DOCUMENTS }, ref, watermark);

/** The store, the time (ms), and the documents that the request may still read. */
type Work = { readonly store: RegistryStore; readonly nowMs: number; documents: number };

type BoundTokens = { readonly bound: readonly Pointer[]; readonly hasMore: boolean };

async function boundBy(work: Work, ref: AccountRef, before?: Watermark): Promise<BoundTokens> {
  const { pointers, isWhole } = await pointersOf(work.store, ref, MOST_POINTERS);
  pointers.sort((a, b) => (a.edge < b.edge ? 1 : -1));
  // If many tokens were signed out, their documents need no reading.
  const early = before === undefined && pointers.length > SHOWN_TOKENS ? await watermarkOf(work, ref) : UNMARKED;
  for (let known = before ?? early; ; ) {
    const { bound, hasMore } = await newestBound(work, ref, pointers, known);
    const watermark = await watermarkOf(work, ref);
    const standing = bound.filter(({ edge }) => !isRemoved(watermark, edge));
    // A full list that has lost some may leave room for older ones.
    if (standing.length === bound.length || bound.length < SHOWN_TOKENS)
      return { bound: standing, hasMore: hasMore || !isWhole };
    known = watermark;
  }
}

async function watermarkOf({ store }: Work, ref: AccountRef): Promise<Watermark> {
  const [stored] = await store.watermarks([ref]);
  return readable(stored)?.watermark ?? UNMARKED;
}

/**
 * Reads the documents behind the newest pointers until enough tokens are bound. A pointer is never earlier than its
 * token's edge: once the next pointer is earlier than the last edge to show, no later pointer can matter.
 */
async function newestBound(
  work: Work,
  ref: AccountRef,
  pointers: readonly Pointer[],
  known: Watermark,
): Promise<BoundTokens> {
  const account = accountKey(ref.account);
  let bound: Pointer[] = [];
  let hasMore = false;
  for (const page of chunksOf(pointers, SHOWN_TOKENS)) {
    const last = bound[SHOWN_TOKENS - 1];
    const newest = page[0]?.edge ?? '';
    if (newest <= known.removal) break;
    if (last !== undefined && newest < eventOf(last.edge)) return { bound, hasMore: true };
    work.documents -= page.length;
    if (work.documents < 0) throw new Unavailable('too many documents for one query');
    const documents = await work.store.documents(
      page.map(({ token }) => ({ app: ref.app, token })),
      'strong',
    );
    const found = page.flatMap(({ token }, i): Pointer[] => {
      const document = readable(documents[i])?.document ?? EMPTY;
      return isBound(document, account, known, work.nowMs) ? [{ token, edge: document.edges[account] ?? '' }] : [];
    });
    const all = [...bound, ...found].sort((a, b) => byRecency(a.edge, b.edge));
    bound = all.slice(0, SHOWN_TOKENS);
    hasMore ||= all.length > bound.length;
  }
  return { bound, hasMore };
}
