import * as z from 'zod/mini';
import type { Problem } from './statuses.ts';

/** What is wrong with a request, and where: names of fields and indices only, never what was sent. */
export type Issue = { readonly path: string; readonly message: string };

/** Why a request was not done, and where in it. `code` is what a reply of somebody else's said. */
export type Failure = {
  readonly kind: 'failed';
  readonly problem: Problem;
  readonly issue?: Issue;
  readonly code?: number;
};

/** Reads a request or says the first thing that is wrong with it. */
export function readRequest<T>(codec: z.core.$ZodType<T>, json: unknown): { request: T } | Failure {
  const result = z.safeParse(codec, json);
  if (result.success) return { request: result.data };
  const [issue] = result.error.issues;
  if (issue === undefined) throw new Error('a request was refused without a reason');
  return {
    kind: 'failed',
    problem: problemIn(issue, json),
    issue: { path: issue.path.join('.'), message: issue.message },
  };
}

function problemIn({ code, path }: z.core.$ZodIssue, json: unknown): Problem {
  if (valueAt(json, path) === undefined) return 'missing';
  return code === 'invalid_type' ? 'wrongType' : 'invalid';
}

const valueAt = (json: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined),
    json,
  );

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The text of a failure: the dialect's own, and where the request has one, the place and the rule. */
export const textOf = (text: string, issue: Issue | undefined): string =>
  issue === undefined ? text : [text, issue.path, issue.message].filter((part) => part !== '').join(': ');
