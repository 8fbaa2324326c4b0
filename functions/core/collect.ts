import type { AccountKey } from './account.ts';
import { compact, HORIZON_MS, horizonAt, LATENESS_MS } from './compaction.ts';
import { beginningOf, isBind, type Removal } from './stamp.ts';
import { clearOf, EMPTY, isBound, type TokenDocument, typeOf } from './token-document.ts';

/**
 * What of the registry nobody needs any more. All of it rests on one rule of `applyAll`: a bind from before the horizon
 * is refused, so nothing that is collected here can be asked for again.
 */

/** Watermarks by account. */
export type Clears = ReadonlyMap<AccountKey, Removal>;

/**
 * The document without edges from before the horizon that bind nobody: removals, binds that only the account's own
 * watermark has killed, binds of ended sessions. They are remembered in the floor, which means the same for them and, so
 * far below the horizon, nothing for anybody else. Afterwards the document can expire without its watermarks. A floor
 * that no clock is wrong enough to need goes too: it names an account.
 */
export function withoutDead(document: TokenDocument, clears: Clears, nowMs: number): TokenDocument {
  const horizon = horizonAt(nowMs);
  // Every key of `edges` was made by accountKey.
  const edges = Object.entries(document.edges) as [AccountKey, string][];
  const dead = edges.filter(
    ([account, edge]) => edge < horizon && !isBound(document, account, clears.get(account) ?? ''),
  );
  const floor = dead.reduce((most, [account, edge]) => later(most, `${edge}|${account}`), document.floor);
  const kept = Object.fromEntries(edges.filter((entry) => !dead.includes(entry)));
  const draft = { ...document, clear: { ...document.clear }, edges: kept, ended: { ...document.ended } };
  return compact({ ...draft, floor: isAncient(floor, nowMs) ? '' : floor }, horizon);
}

const later = (a: string, b: string): string => (a > b ? a : b);

/**
 * Whether a pointer can be deleted: its token's document has no bind of the account, dead or alive, and never will have
 * one at or before the pointer's edge. Until a document has lost a dead bind, its pointer is what keeps the watermark.
 *
 * Past the horizon alone that needs the document's word, since a writer that began just before the horizon has raised
 * the pointer and may not have written the document yet. Past the store's lateness too there is no such writer.
 */
export function leadsNowhere(
  edge: string,
  account: AccountKey,
  document: TokenDocument | undefined,
  nowMs: number,
): boolean {
  const { edges, floor, ...clears } = document ?? EMPTY;
  const known = edges[account] ?? '';
  if (isBind(known) || edge >= horizonAt(nowMs)) return false;
  return (
    edge <= known || edge <= clearOf(clears, typeOf(account)) || `${edge}|${account}` <= floor || isAncient(edge, nowMs)
  );
}

/** Whether nobody, however late, still acts on that moment. */
export const isAncient = (moment: string, nowMs: number): boolean =>
  moment < beginningOf(nowMs - HORIZON_MS - LATENESS_MS);
