import type * as z from 'zod/mini';

/** A fault in a body, and its place. Neither ever quotes the body. */
export type Issue = { readonly path: string; readonly message: string };

/** The places of the first issues, for the log. A path has our names and indices, and never a key of the sender's. */
export const placesOf = (issues: readonly Issue[]): string =>
  issues
    .slice(0, 5)
    .map(({ path }) => path || 'body')
    .join(' ');

/** Returns the value at a path of a body. */
export const valueAt = (path: readonly PropertyKey[], body: unknown): unknown =>
  path.reduce<unknown>((value, key) => (Object(value) === value ? Reflect.get(Object(value), key) : undefined), body);

const NOUNS: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  array: 'a list',
  object: 'an object',
};

/**
 * Says an issue in plain words, to be read after its path. Values are not quoted, nor keys that may be names. `keysAt`: the
 * keys that an object may have.
 */
export function wordsFor(
  issue: z.core.$ZodIssue,
  body: unknown,
  keysAt: (path: readonly PropertyKey[], body: unknown) => readonly string[],
): string {
  const value = valueAt(issue.path, body);
  if (value === undefined && issue.path.length > 0 && issue.code !== 'custom') return 'is missing';
  switch (issue.code) {
    case 'unrecognized_keys': {
      const plain = issue.keys.filter((key) => /^[a-z_]{1,32}$/.test(key)).map((key) => `"${key}"`);
      const keys = keysAt(issue.path, body).join(', ');
      return `has ${plain.join(', ') || 'a key'}, which does not belong here; its keys are ${keys}`;
    }
    case 'invalid_type':
      return `is not ${NOUNS[issue.expected] ?? issue.expected}`;
    case 'invalid_format':
      return /(?:Z|[+-]\d{2}:\d{2})$/.test(`${value}`)
        ? 'is not a time in ISO 8601, such as 2026-01-31T14:00:05.123Z'
        : 'needs a zone such as Z or +01:00, after a time such as 2026-01-31T14:00:05.123';
    case 'invalid_value':
      return `is not one of ${issue.values.join(', ')}`;
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string' ? 'is empty' : `is less than ${issue.minimum}`;
    case 'too_big':
      return tooBig(issue);
    default:
      return issue.message;
  }
}

const tooBig = ({ origin, maximum }: z.core.$ZodIssueTooBig): string => {
  if (origin === 'array') return `has more than ${maximum}`;
  return origin === 'string' ? `has more than ${maximum} characters` : `is more than ${maximum}`;
};
