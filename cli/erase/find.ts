import { type Account, accountKey, parseAccountKey } from '../../functions/core/account.ts';
import type { AppId } from '../../functions/core/configuration.ts';
import type { AccountRef, TokenRef } from '../../functions/core/store.ts';
import type { StoredState } from '../../functions/mirror/state.ts';
import { namesOf } from '../../functions/sweep/rules.ts';
import type { Page, SweepItem, SweepStore } from '../../functions/sweep/store.ts';

/** The person to erase: the spellings of the name; the types and apps to look in. Default: all. */
export type Subject = {
  readonly ids: readonly string[];
  readonly types?: ReadonlySet<number> | undefined;
  readonly apps?: ReadonlySet<string> | undefined;
};

export const isOf = ({ ids, types, apps }: Subject, app: string, { type, id }: Account): boolean =>
  ids.includes(id) && types?.has(type) !== false && apps?.has(app) !== false;

/** A document that names the person. `edge`: the newest event of the account in it; the empty text if it is in a floor. */
type NamedDocument = {
  readonly ref: TokenRef;
  readonly accounts: readonly (AccountRef & { readonly edge: string })[];
};

export type NamedState = { readonly ref: TokenRef; readonly stored: StoredState };

export type Found = {
  readonly documents: readonly NamedDocument[];
  readonly states: readonly NamedState[];
  readonly unreadable: number;
  /** The types of all accounts of the registry. */
  readonly types: ReadonlySet<number>;
};

/** Finds all items of the registry that name the person. `onPage`: called with the number of items read so far. */
export async function find(
  store: Pick<SweepStore, 'page'>,
  subject: Subject,
  onPage: (scanned: number) => void = () => {},
): Promise<Found> {
  const found: Finding = { documents: [], states: [], unreadable: 0, types: new Set() };
  let scanned = 0;
  let after: string | undefined;
  do {
    const { items, next }: Page = await store.page(after);
    for (const item of items) note(found, item, subject);
    scanned += items.length;
    onPage(scanned);
    after = next;
  } while (after !== undefined);
  return found;
}

type Finding = {
  readonly documents: NamedDocument[];
  readonly states: NamedState[];
  readonly types: Set<number>;
  unreadable: number;
};

function note(found: Finding, item: SweepItem, subject: Subject): void {
  if (item.kind === 'unreadable') found.unreadable++;
  if (item.kind === 'document') {
    found.documents.push(...namedIn(item, subject));
    for (const key of namesOf(item.stored.document)) found.types.add(parseAccountKey(key).type);
  }
  if (item.kind === 'state' && stateNames(item, subject)) found.states.push(item);
}

/** The document, if it names the person. */
function namedIn({ ref, stored: { document } }: DocumentItem, subject: Subject): NamedDocument[] {
  const accounts = [...new Set(namesOf(document))].flatMap((key) => {
    const account = parseAccountKey(key);
    return isOf(subject, ref.app, account) ? [{ app: ref.app, account, edge: document.edges[key] ?? '' }] : [];
  });
  return accounts.length === 0 ? [] : [{ ref, accounts }];
}

type DocumentItem = Extract<SweepItem, { kind: 'document' }>;

/** A mirror's state has the hosted API's types, so that only the spelling counts. */
const stateNames = ({ ref, stored: { state } }: NamedState, subject: Subject): boolean =>
  [...(state.pushed ?? []), ...state.seen].some((key) =>
    isOf({ ...subject, types: undefined }, ref.app, parseAccountKey(key)),
  );

/**
 * Every account to sign out: in each app each spelling under each type. Default of the types: 0 and those of all accounts, since
 * a sign-in that is on its way may have a type under which the registry knows the person no more.
 */
export function accountsOf({ ids, types }: Subject, apps: readonly AppId[], found: Found): AccountRef[] {
  const all = new Set<number>(types ?? [0, ...found.types]);
  const refs = apps.flatMap((app) =>
    ids.flatMap((id) => [...all].map((type) => ({ app, account: parseAccountKey(`${type}#${id}`) }))),
  );
  return [...new Map(refs.map((ref) => [`${ref.app}#${accountKey(ref.account)}`, ref])).values()];
}
