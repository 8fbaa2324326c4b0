import { isDeepStrictEqual } from 'node:util';

/** Thrown if an API breaks a rule. The text is for the person who runs the suite. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Throws if two values differ. Its error shows both, so neither may be a secret. */
export function same(what: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) throw new Broken(`${what}: ${shown(actual)} is not ${shown(expected)}`);
}

/** The texts of codes: TPNS has printed `ok` and `NO_ERROR`. */
const TEXTS = ['err_msg', 'errMsg'];

/** Tests that a value has all of another. It may have more keys, and the text of a code may be any. */
export function contains(actual: unknown, expected: unknown): boolean {
  if (Array.isArray(expected))
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((item, place) => contains(actual[place], item))
    );
  if (typeof expected !== 'object' || expected === null) return actual === expected;
  return Object.entries(expected).every(([key, value]) => {
    const found: unknown = Reflect.get(Object(actual), key);
    return TEXTS.includes(key) ? typeof found === 'string' : contains(found, value);
  });
}

export function isTrue(what: string, condition: boolean): void {
  if (!condition) throw new Broken(what);
}

/** A value in one line that fits a terminal. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 160 ? text : `${text.slice(0, 157)}...`;
}
