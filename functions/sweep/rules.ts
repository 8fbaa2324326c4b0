import { isDeepStrictEqual } from 'node:util';
import type { AccountKey } from '../core/account.ts';
import {
  clearOf,
  EMPTY,
  isBound,
  momentsOf,
  type TokenDocument,
  typeOf,
  UNMARKED,
  type Watermark,
} from '../core/document.ts';
import { compact, expiryOf, HORIZON_MS, horizonAt, LATENESS_MS } from '../core/merge.ts';
import { beginningOf, isBind, msOf } from '../core/stamp.ts';

/**
 * Rules for which registry entries can be deleted. They rest on one rule of `applyAll`: it refuses a bind from before
 * the horizon, so no later operation needs an entry that is deleted here.
 */

/** Watermarks by account. */
export type Watermarks = ReadonlyMap<AccountKey, Watermark>;

/**
 * Returns the document without dead edges from before the horizon: removals, binds that only the account's own
 * watermark removes, binds whose lease has ended. The floor remembers them: it means the same for them and, so far below
 * the horizon, changes nothing for other accounts. Afterwards the document can expire without its watermarks. A floor
 * older than any writer's clock goes too, since it names an account.
 *
 * Younger edges of an account go as well if a sign-out everywhere is at or after them, and leave no floor: the watermark
 * removes them and all late binds up to itself, and stays until no such bind can come.
 */
export function withoutDead(document: TokenDocument, watermarks: Watermarks, nowMs: number): TokenDocument {
  const horizon = horizonAt(nowMs);
  // Every key of `edges` was made by accountKey.
  const edges = Object.entries(document.edges) as [AccountKey, string][];
  const dead = edges.filter(
    ([account, edge]) => edge < horizon && !isBound(document, account, watermarks.get(account) ?? UNMARKED, nowMs),
  );
  const floor = dead.reduce((most, [account, edge]) => later(most, `${edge}|${account}`), document.floor);
  const kept = Object.fromEntries(edges.filter((entry) => !dead.includes(entry) && !isSignedOut(watermarks, ...entry)));
  const draft = { ...document, clear: { ...document.clear }, edges: kept, ended: { ...document.ended } };
  const next = compact({ ...draft, floor: isAncient(floor, nowMs) ? '' : withoutName(floor, watermarks) }, horizon);
  // An empty document would have no time to expire at.
  return momentsOf(next).some((one) => one !== '') ? next : { ...next, floor: endOf(beginningOf(msOf(horizon) - 1)) };
}

/** Tests that a sign-out everywhere is at or after an account's edge, as of the edge's own time. */
const isSignedOut = (watermarks: Watermarks, account: string, edge: string): boolean =>
  // Any text may be looked for.
  edge <= (watermarks.get(account as AccountKey)?.removal ?? '');

/** The floor, without its account if that is signed out. */
function withoutName(floor: string, watermarks: Watermarks): string {
  const { edge, name } = partsOf(floor);
  return isSignedOut(watermarks, name, edge) ? endOf(edge) : floor;
}

const endOf = (edge: string): string => `${edge}|${AFTER_ALL_NAMES}`;

function partsOf(floor: string) {
  const end = floor.indexOf('|');
  return { edge: floor.slice(0, Math.max(end, 0)), name: floor.slice(end + 1) };
}

/** Tests that the document names an account whose newest event in it is at or before its sign-out everywhere. */
export function namesSignedOut({ edges, floor }: TokenDocument, watermarks: Watermarks): boolean {
  const all = [...Object.entries(edges), [partsOf(floor).name, partsOf(floor).edge] as const];
  return all.some(([account, edge]) => isSignedOut(watermarks, account, edge));
}

/** The accounts that a document names. */
export function namesOf({ edges, floor }: TokenDocument): AccountKey[] {
  const { name } = partsOf(floor);
  // Every key of `edges`, and every name in a floor, was made by accountKey.
  return [...Object.keys(edges), ...(name === '' || name === AFTER_ALL_NAMES ? [] : [name])] as AccountKey[];
}

const later = (a: string, b: string): string => (a > b ? a : b);

/**
 * True if a pointer can be deleted: its token's document has no bind of the account, dead or alive, and never will have
 * one at or before the pointer's edge. A document with a dead bind needs the watermark, and the pointer keeps that.
 *
 * Between horizon and lateness the document must confirm it, since a writer that began just before the horizon has
 * raised the pointer and may not have written the document yet. Past the lateness there is no such writer.
 *
 * `account`: undefined if the document does not name the account. Then only removals of all accounts count, and a floor
 * that is above every account's name.
 */
export function leadsNowhere(
  edge: string,
  account: AccountKey | undefined,
  document: TokenDocument | undefined,
  nowMs: number,
): boolean {
  const { edges, floor, ...clears } = document ?? EMPTY;
  const known = (account && edges[account]) ?? '';
  if (isBind(known) || edge >= horizonAt(nowMs)) return false;
  const name = account ?? AFTER_ALL_NAMES;
  return edge <= known || edge <= clearOf(clears, typeOf(name)) || `${edge}|${name}` <= floor || isAncient(edge, nowMs);
}

/** Sorts after the key of every account, which begins with a digit. A floor that has forgotten its account ends in it. */
const AFTER_ALL_NAMES = ':';

/** True if the moment is too old for every writer, however late. */
export const isAncient = (moment: string, nowMs: number): boolean =>
  moment < beginningOf(nowMs - HORIZON_MS - LATENESS_MS);

/** True if a fold makes the document smaller. One that expires anyway needs none, unless it names a signed-out account. */
export function needsFold(document: TokenDocument, watermarks: Watermarks, nowMs: number): boolean {
  const next = withoutDead(document, watermarks, nowMs);
  if (isDeepStrictEqual(next, document)) return false;
  return expiryOf(document) === undefined || namesSignedOut(document, watermarks);
}
