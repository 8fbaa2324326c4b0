import { isDeepStrictEqual } from 'node:util';

/** Thrown if an API breaks a rule. The text is for the person who runs the suite. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Throws if two values differ. Its error shows both, so neither may be a secret. */
export function same(what: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) throw new Broken(`${what}: ${shown(actual)} is not ${shown(expected)}`);
}

export function isTrue(what: string, condition: boolean): void {
  if (!condition) throw new Broken(what);
}

/** A value in one line that fits a terminal. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 160 ? text : `${text.slice(0, 157)}...`;
}
