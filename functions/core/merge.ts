import { type Account, accountKey } from './account.ts';
import { compact, type Draft, LIMITS, type Limits } from './compaction.ts';
import type { TokenOperation } from './operation.ts';
import { bindAt, removalAt } from './stamp.ts';
import { scoped, type TokenDocument } from './token-document.ts';

/**
 * The document after the operations, in whatever order they and their copies come. `horizon` is the least moment that
 * can still bind (`horizonAt`): older tombstones are let go, and of an older overriding bind only what it clears holds.
 */
export function merge(
  document: TokenDocument,
  operations: readonly TokenOperation[],
  horizon = '',
  limits: Limits = LIMITS,
): TokenDocument {
  const draft: Draft = {
    ...document,
    clear: { ...document.clear },
    edges: { ...document.edges },
    ended: { ...document.ended },
  };
  for (const operation of operations) include(draft, operation, horizon);
  return compact(draft, horizon, limits);
}

function include(draft: Draft, operation: TokenOperation, horizon: string): void {
  switch (operation.kind) {
    case 'bind':
      bind(draft, operation.accounts, operation, horizon);
      break;
    case 'bindOverriding':
      override(draft, operation, horizon);
      break;
    case 'unbind':
      unbind(draft, operation);
      break;
    case 'unbindTokenFromAll':
      raise(draft.clear, '*', removalAt(operation.stamp));
      if (operation.session) raise(draft.ended, operation.session, removalAt(operation.stamp));
  }
}

function bind(draft: Draft, accounts: readonly Account[], { stamp, session }: TokenOperation, horizon: string): void {
  if (stamp < horizon) return;
  const suffix = session === undefined ? '' : `~${session}`;
  for (const [place, account] of accounts.entries())
    raise(draft.edges, accountKey(account), `${bindAt(stamp, place)}${suffix}`, draft.floor);
}

/** Clears at the event's phase 0 and binds at its phase 1: the token ends with what the event names, and nothing older. */
function override(draft: Draft, operation: Extract<TokenOperation, { kind: 'bindOverriding' }>, horizon: string): void {
  const removal = removalAt(operation.stamp);
  if (operation.scope === 'token') {
    raise(draft.clear, '*', removal);
    bind(draft, operation.accounts, operation, horizon);
    return;
  }
  const accounts = lastOfEachType(operation.accounts);
  for (const { type } of accounts) raise(draft.clear, String(type), removal, draft.clearFloor);
  bind(draft, accounts, operation, horizon);
}

/** Written also where nothing was bound: it is what stops a bind that is still on its way. */
function unbind(draft: Draft, { accounts, stamp, session }: Extract<TokenOperation, { kind: 'unbind' }>): void {
  for (const account of accounts.map(accountKey)) {
    raise(draft.edges, account, removalAt(stamp), draft.floor);
    if (session) raise(draft.ended, scoped(session, account), removalAt(stamp));
  }
}

/** A name that is not there stands at the floor: what does not rise above it changes nothing. */
function raise(registers: Record<string, string>, name: string, value: string, floor = ''): void {
  const known = registers[name];
  if (known === undefined ? `${value}|${name}` > floor : value > known) registers[name] = value;
}

/** Where a token holds one account of each type, the last one given wins (TPNS account binding, 2020-10-26). */
const lastOfEachType = (accounts: readonly Account[]): readonly Account[] => [
  ...new Map(accounts.map((account) => [account.type, account])).values(),
];
