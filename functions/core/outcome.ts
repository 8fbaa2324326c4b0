import { type AccountKey, accountKey } from './account.ts';
import type { AppId } from './configuration.ts';
import { candidates, isBound, type TokenDocument, UNMARKED, type Watermark } from './document.ts';
import { horizonAt } from './merge.ts';
import { binds, type TokenOperation } from './operation.ts';

/**
 * The outcome of an operation. `applied`: it is part of the registry. `superseded`: it is too, but a later event has
 * replaced it. `refused`: it can never be applied. `unavailable`: try again.
 */
export type Outcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Thrown by an adapter when a service does not answer. The reason is the error's name: its text may quote data. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/** An item that is from another version of this code, or made by hand. To try again helps only after a repair. */
export class Unreadable extends Unavailable {
  constructor() {
    super('unreadable item');
  }
}

/** Returns the item; throws the `Unavailable` of one that cannot be read. */
export function readable<T>(item: T | Unavailable): T {
  if (item instanceof Unavailable) throw item;
  return item;
}

/** Runs `work`. Returns an `Unavailable` as a value; throws all other errors on, for they are bugs. */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T | (Outcome & { kind: 'unavailable' })> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unavailable) return { kind: 'unavailable', reason: error.reason };
    throw error;
  }
}

/** Watermarks by `<app>#<type>#<account>`. */
export type Watermarks = ReadonlyMap<string, Watermark | Unavailable>;

/**
 * A bind is superseded if none of its accounts is bound by it; a removal if something that it names is still bound: a
 * clock is wrong, or the event is late. A bind that came in time stays what it is when a copy of it comes too late.
 */
export function outcomesIn(
  operations: readonly TokenOperation[],
  {
    document,
    watermarks,
    nowMs,
  }: { readonly document: TokenDocument; readonly watermarks: Watermarks; readonly nowMs: number },
): Outcome[] {
  const stands = (app: AppId, account: AccountKey): boolean =>
    isBound(document, account, readable(watermarks.get(`${app}#${account}`) ?? UNMARKED), nowMs);
  return operations.map((operation): Outcome => {
    const { app, stamp } = operation;
    if (!binds(operation)) {
      const left = namedBy(operation, document, nowMs).some((account) => stands(app, account));
      return { kind: left ? 'superseded' : 'applied' };
    }
    const own = operation.accounts.map(accountKey).filter((key) => document.edges[key]?.startsWith(stamp));
    if (own.length === 0 && stamp < horizonAt(nowMs))
      return { kind: 'refused', reason: 'a bind older than the horizon' };
    return { kind: own.some((key) => stands(app, key)) ? 'applied' : 'superseded' };
  });
}

/** The accounts that a removal names and the document knows. What an ended session has bound is never left. */
function namedBy(operation: TokenOperation, document: TokenDocument, nowMs: number): AccountKey[] {
  if (operation.kind === 'endSession') return [];
  return 'accounts' in operation ? operation.accounts.map(accountKey) : candidates(document, nowMs);
}
