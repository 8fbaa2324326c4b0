import { type AccountKey, parseAccountKey } from '../core/account.ts';
import type { AppId } from '../core/configuration.ts';
import { EMPTY, momentsOf, type TokenDocument, UNMARKED, type Watermark } from '../core/document.ts';
import { horizonAt } from '../core/merge.ts';
import { orUnavailable, readable, Unavailable } from '../core/outcome.ts';
import { AT_ONCE, inParallel } from '../core/parallel.ts';
import { sessionIn } from '../core/stamp.ts';
import {
  accountDigest,
  type HashedAccount,
  pointersOf,
  type RegistryStore,
  type Stored,
  type TokenRef,
} from '../core/store.ts';
import { isAncient, leadsNowhere, namesOf, needsFold, type Watermarks, withoutDead } from './rules.ts';
import type { Page, Place, SweepItem, SweepStore } from './store.ts';

export type CollectorPorts = {
  readonly registry: RegistryStore;
  readonly store: SweepStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Documents rewritten, pointers and watermarks deleted. */
export type CollectReport = { readonly folded: number; readonly pointers: number; readonly watermarks: number };

type PointerItem = Extract<SweepItem, { kind: 'pointer' }>;
type WatermarkItem = Extract<SweepItem, { kind: 'watermark' }>;

/** Watermarks by app and account. `writtenMs`: when it was last written (ms since 1970). */
export type WatermarksByAccount = ReadonlyMap<string, { readonly watermark: Watermark; readonly writtenMs?: number }>;

/** A watermark is deleted after this long without pointers (ms): every read that began before has ended. */
const IDLE_MS = 3_600_000;

/** The most tokens of an account that are looked at for one old session. An account with more keeps it. */
const MOST_LOOKED_AT = 1_000;

export const nameOf = ({ app, digest }: HashedAccount): string => `${app}#${digest}`;

/**
 * Deletes the entries of a page that are not needed any more. The page may be stale: each entry is read again, strongly
 * consistent, before it is deleted or rewritten, and stays if it has changed.
 */
export async function collect(
  ports: CollectorPorts,
  page: Page,
  watermarks: WatermarksByAccount,
): Promise<CollectReport> {
  const suspects = await suspectsOf(ports, page, watermarks);
  const reports = await inParallel(suspects, AT_ONCE, (one) => collectToken(ports, one));
  const pointed = new Set(page.items.filter((item) => item.kind === 'pointer').map(({ ref }) => nameOf(ref)));
  const marks = page.items.filter((item) => item.kind === 'watermark');
  const idle = marks.filter(({ ref }) => !pointed.has(nameOf(ref)));
  const retired = idle.filter(({ stored: { watermark } }) => {
    // Sessions go first: until then `idleMs` is about them.
    if (Object.keys(watermark.ended).length > 0) return false;
    return momentsOf(watermark).every((one) => isAncient(one, ports.now()));
  });
  const gone = await inParallel(retired, AT_ONCE, (one) => retire(ports, one));
  await inParallel(marks, AT_ONCE, (one) => forgetSessions(ports, one));
  return {
    folded: reports.filter(({ isFolded }) => isFolded).length,
    pointers: reports.reduce((sum, { pointers }) => sum + pointers, 0),
    watermarks: gone.filter((isGone) => isGone).length,
  };
}

/**
 * Returns the watermarks of a page. If the page begins among an account's pointers, it reads that account's watermark,
 * which counts as written now: the sweep then verifies too much, and not too little. One that cannot be read counts as
 * none: nothing is deleted for it.
 */
export async function watermarksOf(
  registry: RegistryStore,
  { items }: Page,
  after: Place | undefined,
): Promise<WatermarksByAccount> {
  const watermarks = new Map<string, { watermark: Watermark; writtenMs?: number }>();
  const [first] = items;
  if (after !== undefined && first?.kind === 'pointer') {
    const read = await orUnavailable(async () => readable((await registry.watermarks([first.ref]))[0]));
    const watermark = read && 'watermark' in read ? read.watermark : UNMARKED;
    watermarks.set(nameOf(first.ref), { watermark, writtenMs: Number.POSITIVE_INFINITY });
  }
  for (const item of items)
    if (item.kind === 'watermark') watermarks.set(nameOf(item.ref), { ...item, watermark: item.stored.watermark });
  return watermarks;
}

/** A token with edges or pointers that may be deleted, and watermarks by digest. */
type Suspect = {
  readonly ref: TokenRef;
  readonly watermarks: Map<string, Watermark>;
  readonly pointers: PointerItem[];
};

async function suspectsOf(ports: CollectorPorts, { items }: Page, watermarks: WatermarksByAccount): Promise<Suspect[]> {
  const nowMs = ports.now();
  const horizon = horizonAt(nowMs);
  const suspects = new Map<string, Suspect>();
  const suspect = (ref: TokenRef): Suspect => {
    const name = `${ref.app}#${ref.token}`;
    const one = suspects.get(name) ?? { ref, watermarks: new Map(), pointers: [] };
    suspects.set(name, one);
    return one;
  };
  for (const item of items)
    if (item.kind === 'document' && needsFold(item.stored.document, new Map(), nowMs)) suspect(item.ref);
  const pointers = items.filter((item) => item.kind === 'pointer');
  const old = pointers.filter(
    ({ ref, edge }) => edge < horizon || edge <= (watermarks.get(nameOf(ref))?.watermark.removal ?? ''),
  );
  const isSuspect = (
    document: TokenDocument | undefined | Unavailable,
    { ref, edge }: PointerItem,
    own: Suspect['watermarks'],
  ): boolean => {
    if (document instanceof Unavailable) return false;
    const names = namesIn(ref.app, document);
    if (document !== undefined && needsFold(document, named(own, names), nowMs)) return true;
    return leadsNowhere(edge, names.get(ref.digest), document, nowMs);
  };
  const documents = await ports.store.glimpse(old.map(({ ref, token }) => ({ app: ref.app, token })));
  for (const [i, pointer] of old.entries()) {
    const { ref, token } = pointer;
    const own = new Map([[ref.digest, watermarks.get(nameOf(ref))?.watermark ?? UNMARKED]]);
    if (!isSuspect(documents[i], pointer, own)) continue;
    const { watermarks: known, pointers } = suspect({ app: ref.app, token });
    for (const [digest, watermark] of own) known.set(digest, watermark);
    pointers.push(pointer);
  }
  return [...suspects.values()];
}

/** The accounts that a document names, by digest: pointers and watermarks have no names. */
function namesIn(app: AppId, document: TokenDocument | undefined): ReadonlyMap<string, AccountKey> {
  return new Map(
    namesOf(document ?? EMPTY).map((name) => [accountDigest({ app, account: parseAccountKey(name) }), name]),
  );
}

/** Watermarks by name, of the accounts that the document names. */
const named = (watermarks: ReadonlyMap<string, Watermark>, names: ReadonlyMap<string, AccountKey>): Watermarks =>
  new Map(
    [...names].flatMap(([digest, name]) => {
      const watermark = watermarks.get(digest);
      return watermark ? [[name, watermark]] : [];
    }),
  );

type TokenReport = { readonly isFolded: boolean; readonly pointers: number };

/** Reads the token again, rewrites its document, then deletes dead pointers. After a lost race the next sweep tries again. */
async function collectToken(ports: CollectorPorts, { ref, watermarks, pointers }: Suspect): Promise<TokenReport> {
  const { registry, store, now } = ports;
  const [stored] = await registry.documents([ref]);
  if (stored instanceof Unavailable) return { isFolded: false, pointers: 0 };
  const names = namesIn(ref.app, stored?.document);
  const folded = stored && (await fold(ports, ref, stored, named(watermarks, names)));
  const nowMs = now();
  let deleted = 0;
  for (const { ref: account, token, edge } of pointers) {
    if (!leadsNowhere(edge, names.get(account.digest), folded ?? stored?.document, nowMs)) continue;
    if (await store.deletePointer(account, token, edge)) deleted++;
  }
  return { isFolded: folded !== undefined, pointers: deleted };
}

async function fold(
  { registry, now }: CollectorPorts,
  ref: TokenRef,
  { document, version }: Stored,
  watermarks: Watermarks,
): Promise<TokenDocument | undefined> {
  const nowMs = now();
  if (!needsFold(document, watermarks, nowMs)) return undefined;
  const next = withoutDead(document, watermarks, nowMs);
  return (await registry.write(ref, next, version)) === 'written' ? next : undefined;
}

/**
 * Deletes a watermark last, since it removes binds that documents still name. Once the account has no pointer, no
 * document names it in a bind, and a bind that old is refused. `IDLE_MS` lets the reads that began before end.
 */
async function retire({ store, now }: CollectorPorts, { ref, stored, idleMs }: WatermarkItem): Promise<boolean> {
  if (await store.hasPointers(ref)) return false;
  if (idleMs !== undefined && idleMs <= now() - IDLE_MS) return store.deleteWatermark(ref, stored);
  if (idleMs === undefined) await store.noteIdle(ref, stored, now());
  return false;
}

/**
 * Takes sessions out of a watermark that ended before every bind still on its way. A document that names one is folded
 * first, and every read that began before then ends within `IDLE_MS`.
 */
const forgetSessions = (ports: CollectorPorts, item: WatermarkItem): Promise<unknown> =>
  // An item that cannot be read keeps the account's sessions, and stops no neighbour.
  orUnavailable(() => forgetOld(ports, item));

async function forgetOld(
  { registry, store, now }: CollectorPorts,
  { ref, stored, idleMs }: WatermarkItem,
): Promise<void> {
  const sessions = Object.entries(stored.watermark.ended);
  const isOld = ([, logout]: [string, string]) => isAncient(logout, idleMs ?? now());
  const old = sessions.filter(isOld);
  if (old.length === 0 || (idleMs !== undefined && idleMs > now() - IDLE_MS)) return;
  const { pointers, isWhole } = await pointersOf(registry, ref, MOST_LOOKED_AT);
  // The limit of a watermark drops them in the end, the oldest first.
  if (!isWhole) return;
  const documents = await registry.documents(pointers.map(({ token }) => ({ app: ref.app, token })));
  const edges = documents.flatMap((one) => Object.values(readable(one)?.document.edges ?? {}));
  if (old.some(([session]) => edges.some((edge) => sessionIn(edge) === session))) return;
  const young = sessions.filter((one) => !isOld(one));
  if (idleMs === undefined) await store.noteIdle(ref, stored, now());
  else await registry.writeWatermark(ref, { ...stored.watermark, ended: Object.fromEntries(young) }, stored);
}
