import * as z from 'zod/mini';
import type { Platform } from '../../core/account.ts';
import type { Dialect } from '../../core/configuration.ts';

/** A code and its text as a dialect prints them. */
type CodeAndText = { readonly code: number; readonly text: string };

/** One row of the contract's table: the HTTP status, and each dialect's code. */
type Status = { readonly http: number } & Readonly<Record<Dialect, CodeAndText>>;

const OK: CodeAndText = { code: 0, text: 'ok' };
const XG_INVALID: CodeAndText = { code: 10103, text: 'Parameter value is invalid. Please check and retry' };
const TPNS_INVALID: CodeAndText = { code: 1008007, text: 'invalid parameter' };

/**
 * Every status of a reply as a whole. XG texts: error codes of the XG v3 push API, the only v3 table. TPNS texts: its
 * server error codes (https://www.tencentcloud.com/document/product/1024/33763). A refused request is HTTP 200, because
 * clients read a body on 200 only. Requests that the originals' gateways refuse have an HTTP status of their own.
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

/** The reason why a request as a whole was not done. */
export type Problem = Exclude<StatusName, 'ok' | 'partlyRefused' | 'allRefused'>;

const PROBLEMS: readonly Problem[] = ['missing', 'invalid', 'wrongType', 'notAuthenticated', 'unavailable'];

/**
 * Further codes of hosted APIs that mean "try again". XG: "Internal error. Please retry later", and every code that is not
 * in its table.
 */
const isRetryable = {
  xg: (code: number) => [10100, 10108, 10109].includes(code) || (code > 10110 && code < 10115) || isUnknownToXg(code),
  tpns: (code: number) => code === 1008028,
} as const satisfies Record<Dialect, (code: number) => boolean>;

const isUnknownToXg = (code: number) => (code < 10100 || code > 10400) && code !== 10606;

/** TPNS: the app is not paid, expired, of another access point or not deployed, or its key does not match. */
const CLOSED: readonly number[] = [1008030, 1008031, 1008035, 1010001, 10030002];

const { xg, tpns } = STATUSES.notAuthenticated;
const REFUSED_CREDENTIAL: readonly number[] = [xg.code, tpns.code];

/** Returns the meaning of a reply's code. `invalid`: sending the request again would not help. */
export function failureOf(dialect: Dialect, code: number): Failure {
  const known = PROBLEMS.find((problem) => STATUSES[problem][dialect].code === code);
  const problem = known ?? (isRetryable[dialect](code) ? 'unavailable' : 'invalid');
  // A refused credential is answered in both dialects at once: the client may find the other one's code.
  const isClosed = REFUSED_CREDENTIAL.includes(code) || (dialect === 'tpns' && CLOSED.includes(code));
  return { kind: 'failed', problem: isClosed ? 'notAuthenticated' : problem, code };
}

/** A fault in a request, and its place: names of fields and indices only, never a value of the request. */
type Issue = { readonly path: string; readonly message: string };

/** The reason why a request was not done, and the place of the fault. `code`: of a reply by a hosted API. */
export type Failure = {
  readonly kind: 'failed';
  readonly problem: Problem;
  readonly issue?: Issue;
  readonly code?: number;
};

/**
 * Reads a request. Returns the failure for its first fault if it has one. `platform`: of the app. A request that names
 * another platform was meant for another app. Default: any platform.
 */
export function readRequest<T extends { readonly platform?: Platform }>(
  codec: z.core.$ZodType<T>,
  json: unknown,
  platform?: Platform,
): { request: T } | Failure {
  const first = z.safeParse(codec, json);
  const stated = first.success ? json : withoutEmpty(json);
  const result = first.success ? first : z.safeParse(codec, stated);
  if (!result.success) {
    const [issue] = result.error.issues;
    if (issue === undefined) throw new Error('bug: a request was refused without an issue');
    const { path, message } = issue;
    return { kind: 'failed', problem: problemIn(issue, stated), issue: { path: path.join('.'), message } };
  }
  const request = result.data;
  if (platform === undefined || request.platform === undefined || request.platform === platform) return { request };
  return {
    kind: 'failed',
    problem: 'invalid',
    issue: { path: 'platform', message: 'is not the platform of this app' },
  };
}

/** Fields that a request may leave out. Some clients write null or an empty text for a field that they do not use. */
const OPTIONAL: readonly string[] = ['platform', 'account_type', 'op_type', 'op_id'];

/** From the request down to an account of a token. */
const LEVELS = 5;

/** Returns the JSON without optional fields that are null or empty. */
function withoutEmpty(json: unknown, levels = LEVELS): unknown {
  if (levels === 0 || !isObject(json)) return json;
  if (Array.isArray(json)) return json.map((item) => withoutEmpty(item, levels - 1));
  const fields = Object.entries(json).filter(
    ([name, value]) => !OPTIONAL.includes(name) || (value !== null && value !== ''),
  );
  return Object.fromEntries(fields.map(([name, value]) => [name, withoutEmpty(value, levels - 1)]));
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

/** Returns a failure's code and text. The text is the dialect's own, then the place and the broken rule if known. */
export function codeOf(dialect: Dialect, { problem, issue }: Failure): CodeAndText {
  const { code, text } = STATUSES[problem][dialect];
  return { code, text: issue ? [text, issue.path, issue.message].filter((part) => part !== '').join(': ') : text };
}

/**
 * Returns a reply with the keys of both endpoints. TPNS writes `ret_code` in one and `retCode` in the other, and a gateway
 * may mix them up.
 */
export function inBothSpellings(json: unknown): unknown {
  if (!isObject(json) || Array.isArray(json)) return json;
  const { ret_code, err_msg, retCode, errMsg }: Readonly<Record<string, unknown>> = { ...json };
  return { ret_code: retCode, err_msg: errMsg, retCode: ret_code, errMsg: err_msg, ...json };
}
