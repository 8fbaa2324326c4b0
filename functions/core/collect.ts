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
 * far below the horizon, nothing for anybody else. Afterwards the document can expire without its watermarks.
 */
export function withoutDead(document: TokenDocument, clears: Clears, horizon: string): TokenDocument {
  // Every key of `edges` was made by accountKey.
  const edges = Object.entries(document.edges) as [AccountKey, string][];
  const dead = edges.filter(
    ([account, edge]) => edge < horizon && !isBound(document, account, clears.get(account) ?? ''),
  );
  const floor = [document.floor, ...dead.map(([account, edge]) => `${edge}|${account}`)].reduce((a, b) =>
    a > b ? a : b,
  );
  const kept = Object.fromEntries(edges.filter((entry) => !dead.includes(entry)));
  return compact(
    { ...document, clear: { ...document.clear }, edges: kept, floor, ended: { ...document.ended } },
    horizon,
  );
}

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
