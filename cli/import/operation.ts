import type { Account, Token } from '../../functions/core/account.ts';
import type { App } from '../../functions/core/configuration.ts';
import { type BindOperation, type Session, scopeOf } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';

const DAY_MS = 86_400_000;

/** An imported bind counts as older than this (ms): any live event of these days wins against it. */
export const IMPORT_AGE_MS = 31 * DAY_MS;

/** Older binds count as of this age (ms). */
export const OLDEST_MS = 8 * 365 * DAY_MS;

/** Years of a list are squeezed into three days, since a bind of more than 35 days is refused. */
const SQUEEZE = 1000;

/**
 * The longest time from the beginning of an import to its last message (ms). Its oldest binds are 34 days old when it
 * begins, so five hours are left for the queue before the registry refuses them.
 */
export const LONGEST_IMPORT_MS = 20 * 3_600_000;

/** Begins the hash of every imported stamp, and of one in four billion others. */
const MARK = '00000000';

/** Tests that an import wrote this moment. */
export const isImported = (moment: string): boolean => moment.startsWith(MARK, '0000000000000.0.'.length);

/** An app as an import needs it. */
export type ListedApp = Pick<App, 'id' | 'policy' | 'platform'>;

/** One binding of a list that passed all checks. `boundMs`: the time of the bind; undefined if the list does not say. */
export type ListedBind = {
  readonly app: ListedApp;
  readonly token: Token;
  readonly account: Account;
  readonly boundMs: number | undefined;
  readonly session: Session | undefined;
};

/**
 * The operation for a binding in line `line` of an import that began at `begunMs`. Imported binds keep the order of their
 * times; those without a time count as the oldest, in the order of their lines. Made from the list alone, so that a line
 * that is sent twice is one operation.
 */
export function operationOf(bind: ListedBind, line: number, begunMs: number): BindOperation {
  const { app, token, account, session } = bind;
  const since = begunMs - OLDEST_MS;
  const placeMs = bind.boundMs === undefined ? line * SQUEEZE : bind.boundMs - since;
  const ms = Math.min(Math.max(placeMs, 0), OLDEST_MS);
  // The milliseconds that the division takes away stand next in the hash: stamps of one millisecond sort by it.
  const rest = (ms % SQUEEZE).toString(16).padStart(3, '0');
  const hash = (MARK + rest + eventHash('import', app.id, token, account, placeMs)).slice(0, 16);
  const kind = scopeOf(app) === 'types' ? 'bindOverriding' : 'bind';
  const stampMs = begunMs - IMPORT_AGE_MS - (OLDEST_MS / SQUEEZE - Math.floor(ms / SQUEEZE));
  const stamp = stampOf(kind, stampMs, hash);
  const to = { app: app.id, token, accounts: [account], stamp, ...(session && { session }) };
  return kind === 'bind' ? { kind, ...to } : { kind, ...to, scope: 'types' };
}
