import { isDeepStrictEqual } from 'node:util';
import type { AccountKey } from '../core/account.ts';
import { clearOf, EMPTY, isBound, type TokenDocument, typeOf, UNMARKED, type Watermark } from '../core/document.ts';
import { compact, expiryOf, HORIZON_MS, horizonAt, LATENESS_MS } from '../core/merge.ts';
import { beginningOf, isBind } from '../core/stamp.ts';

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
 */
export function withoutDead(document: TokenDocument, watermarks: Watermarks, nowMs: number): TokenDocument {
  const horizon = horizonAt(nowMs);
  // Every key of `edges` was made by accountKey.
  const edges = Object.entries(document.edges) as [AccountKey, string][];
  const dead = edges.filter(
    ([account, edge]) => edge < horizon && !isBound(document, account, watermarks.get(account) ?? UNMARKED, nowMs),
  );
  const floor = dead.reduce((most, [account, edge]) => later(most, `${edge}|${account}`), document.floor);
  const kept = Object.fromEntries(edges.filter((entry) => !dead.includes(entry)));
  const draft = { ...document, clear: { ...document.clear }, edges: kept, ended: { ...document.ended } };
  return compact({ ...draft, floor: isAncient(floor, nowMs) ? '' : floor }, horizon);
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

/** Tests that the end of a floor names an account. */
export const isName = (end: string): boolean => end !== '' && end !== AFTER_ALL_NAMES;

/** True if the moment is too old for every writer, however late. */
export const isAncient = (moment: string, nowMs: number): boolean =>
  moment < beginningOf(nowMs - HORIZON_MS - LATENESS_MS);

/** True if a fold makes the document smaller. A document that expires anyway needs none. */
export const needsFold = (document: TokenDocument, watermarks: Watermarks, nowMs: number): boolean =>
  expiryOf(document) === undefined && !isDeepStrictEqual(withoutDead(document, watermarks, nowMs), document);
