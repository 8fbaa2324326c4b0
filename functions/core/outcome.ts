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
