/**
 * What became of an operation. `applied`: it is part of the registry. `superseded`: so it is, and a later event has
 * already decided otherwise. `refused`: it can never be applied. `unavailable`: not now, try again.
 */
export type Outcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Thrown by an adapter when the world says "not now". The reason is an error's name, never its text: that may quote data. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/** Runs `work`; what the world refuses becomes a value, a bug goes on up. */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T | (Outcome & { kind: 'unavailable' })> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unavailable) return { kind: 'unavailable', reason: error.reason };
    throw error;
  }
}
