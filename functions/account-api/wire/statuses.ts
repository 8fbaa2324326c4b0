import * as z from 'zod/mini';
import type { Dialect } from '../../core/configuration.ts';

/** A code and its text as a dialect prints them. */
type Said = { readonly code: number; readonly text: string };

/** One row of the contract's table: the HTTP status, and what each dialect says. */
type Status = { readonly http: number } & Readonly<Record<Dialect, Said>>;

const OK: Said = { code: 0, text: 'ok' };
const XG_INVALID: Said = { code: 10103, text: 'Parameter value is invalid. Please check and retry' };
const TPNS_INVALID: Said = { code: 1008007, text: 'invalid parameter' };

/**
 * Everything a reply can say as a whole. XG texts: error codes of the XG v3 push API, the only v3 table. TPNS texts: its
 * server error codes (https://www.tencentcloud.com/document/product/1024/33763). A refused request is HTTP 200, since
 * clients read a body on 200 only; what never reached a handler of theirs has a status of its own.
 */
export const STATUSES = {
  ok: { http: 200, xg: OK, tpns: OK },
  partlyRefused: { http: 200, xg: OK, tpns: { code: 1008026, text: 'batch op,partly error' } },
  allRefused: { http: 200, xg: OK, tpns: { code: 1008027, text: 'batch op,total error' } },
  missing: {
    http: 200,
    xg: { code: 10102, text: 'Parameter is missing. Please check and retry' },
    tpns: { code: 1008002, text: 'missing parameter' },
  },
  invalid: { http: 200, xg: XG_INVALID, tpns: TPNS_INVALID },
  wrongType: { http: 200, xg: XG_INVALID, tpns: { code: 1008001, text: 'parameter parse error' } },
  malformed: { http: 200, xg: XG_INVALID, tpns: { code: 1008001, text: 'parameter parse error' } },
  notAuthenticated: {
    http: 403,
    xg: { code: 10104, text: 'Authentication failed. Please check the secret key' },
    tpns: { code: 1008003, text: 'auth failure' },
  },
  unknownPath: { http: 404, xg: XG_INVALID, tpns: TPNS_INVALID },
  notPost: { http: 405, xg: XG_INVALID, tpns: TPNS_INVALID },
  tooLarge: { http: 413, xg: XG_INVALID, tpns: TPNS_INVALID },
  unavailable: {
    http: 503,
    xg: { code: 10101, text: 'System busy. Please retry later' },
    tpns: { code: 1008004, text: 'invoke service error' },
  },
} as const satisfies Record<string, Status>;

export type StatusName = keyof typeof STATUSES;

/** Why a request as a whole was not done. */
export type Problem = Exclude<StatusName, 'ok' | 'partlyRefused' | 'allRefused'>;

const PROBLEMS: readonly Problem[] = ['missing', 'invalid', 'wrongType', 'notAuthenticated', 'unavailable'];

/**
 * Codes of the hosted services, besides our own, that say "try again". XG: "Internal error. Please retry later", also
 * for whatever its table does not have.
 */
const isRetryable = {
  xg: (code: number) => [10100, 10108, 10109].includes(code) || (code > 10110 && code < 10115) || isUnknownToXg(code),
  tpns: (code: number) => code === 1008028,
} as const satisfies Record<Dialect, (code: number) => boolean>;

const isUnknownToXg = (code: number) => (code < 10100 || code > 10400) && code !== 10606;

/** TPNS: the app is not paid, expired, of another access point or not deployed, or its key does not match. */
const CLOSED: readonly number[] = [1008030, 1008031, 1008035, 1010001, 10030002];

/** What a code of a reply means. `invalid`: sending it again would not help. */
export function problemOf(dialect: Dialect, code: number): Problem {
  if (dialect === 'tpns' && CLOSED.includes(code)) return 'notAuthenticated';
  const known = PROBLEMS.find((problem) => STATUSES[problem][dialect].code === code);
  return known ?? (isRetryable[dialect](code) ? 'unavailable' : 'invalid');
}

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
