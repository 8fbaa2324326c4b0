import type { App } from '../core/configuration.ts';
import type { Reader } from '../core/identity.ts';
import { orUnavailable } from '../core/outcome.ts';
import type { HistoryReader } from '../history/entry.ts';
import { receiptAnswer } from '../history/receipt.ts';
import { type Problem, problemReply } from '../lambda/problem.ts';
import {
  bytesIn,
  type HttpHandler,
  type HttpReply,
  type HttpRequest,
  jsonIn,
  MAX_BODY_BYTES,
} from '../lambda/request.ts';
import { type AnswerPorts, accountsOf, devicesOf } from './answers.ts';
import { DevicesQuestion, questionIn, ResolveQuestion } from './questions.ts';
import { proveReader, type ReaderPorts } from './reader.ts';

export type ResolvePorts = ReaderPorts &
  AnswerPorts & {
    readonly apps: readonly App[];
    /** The ledger, and for how many days it answers. Default: none. */
    readonly history?: (Pick<HistoryReader, 'ofRequest'> & { readonly days: number }) | undefined;
  };

const PATHS = { resolve: '/v1/resolve', devices: '/v1/devices' } as const;

const OPERATIONS = /^\/v1\/operations\/([^/]+)$/;

/**
 * `POST /v1/resolve` and `POST /v1/devices`: which devices accounts have, and which accounts devices have, in the apps that
 * the reader may read. `GET /v1/operations/{id}`: what became of a request, without names. A request without a reader's secret reads nothing of the registry.
 */
export const resolveHandler =
  (ports: ResolvePorts): HttpHandler =>
  async (request) => {
    const fault = faultOf(request);
    if (fault !== undefined) return problemReply(request, PROBLEMS[fault]);
    const proof = await proveReader(ports, request);
    if ('reason' in proof) return problemReply(request, { ...PROBLEMS.unavailable, reason: proof.reason });
    if ('kind' in proof) return problemReply(request, PROBLEMS.invalid_token);
    const id = OPERATIONS.exec(request.path)?.[1];
    const [operation, reply] =
      id === undefined
        ? [request.path === PATHS.resolve ? 'resolve' : 'devices', await answer(ports, proof.reader, request)]
        : ['operations', await receipt(ports, proof.reader, request, id)];
    return { ...reply, line: { reader: proof.reader.id, operation, ...reply.line } };
  };

/** Returns the fault of a request that is seen before its credential is. */
function faultOf({ path, method, body }: HttpRequest): keyof typeof PROBLEMS | undefined {
  if (OPERATIONS.test(path)) return method === 'GET' ? undefined : 'not_get';
  if (path !== PATHS.resolve && path !== PATHS.devices) return 'unknown_path';
  if (method !== 'POST') return 'not_post';
  return bytesIn(body) > MAX_BODY_BYTES ? 'too_large' : undefined;
}

async function answer(ports: ResolvePorts, reader: Reader, request: HttpRequest): Promise<HttpReply> {
  const json = jsonIn(request.body);
  if (json === undefined) return problemReply(request, PROBLEMS.not_json);
  const isResolve = request.path === PATHS.resolve;
  const read = isResolve ? questionIn(ResolveQuestion, json.value) : questionIn(DevicesQuestion, json.value);
  if ('issues' in read) return problemReply(request, { ...PROBLEMS.invalid_request, issues: read.issues });
  const { question } = read;
  const asked: readonly string[] = question.apps ?? reader.apps;
  const issues = asked.flatMap((app, i) => (isOf(reader, app) ? [] : [{ path: `apps.${i}`, message: FOREIGN }]));
  if (issues.length > 0) return problemReply(request, { ...PROBLEMS.forbidden_app, issues });
  const apps = ports.apps.filter(({ id }) => asked.includes(id));
  const answered = await orUnavailable(async () =>
    'accounts' in question ? devicesOf(ports, apps, question) : accountsOf(ports, apps, question),
  );
  if ('problem' in answered) return problemReply(request, PROBLEMS[answered.problem]);
  if ('kind' in answered) return problemReply(request, { ...PROBLEMS.unavailable, reason: answered.reason });
  return { status: 200, body: answered.body, line: { ...answered.line, outcome: 'answered' } };
}

/** The answer about a request, whose id may be percent-encoded: some gateways decode the path. */
async function receipt(
  { history }: ResolvePorts,
  reader: Reader,
  request: HttpRequest,
  given: string,
): Promise<HttpReply> {
  if (history === undefined) return problemReply(request, PROBLEMS.unknown_operation);
  const id = decoded(given);
  const receipts = await orUnavailable(() => history.ofRequest(id));
  if ('kind' in receipts) return problemReply(request, { ...PROBLEMS.unavailable, reason: receipts.reason });
  const body = receiptAnswer(id, receipts, (app) => isOf(reader, app));
  if (body !== undefined) return { status: 200, body, line: { outcome: 'answered', asked: id } };
  const detail = `the request is unknown, is not applied yet, is of other apps, or is older than ${history.days} days`;
  return problemReply(request, { ...PROBLEMS.unknown_operation, detail });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const isOf = ({ apps }: Reader, app: string): boolean => apps.some((id) => id === app);

const FOREIGN = 'is not an app of this reader';

/** Every problem, by its code. */
export const PROBLEMS = {
  unknown_path: {
    status: 404,
    code: 'unknown_path',
    detail: 'senders ask at /v1/resolve, /v1/devices and /v1/operations/{id}',
  },
  unknown_operation: { status: 404, code: 'unknown_operation', detail: 'there is no ledger: history.days is 0' },
  not_get: { status: 405, code: 'not_get', detail: 'ask about a request with GET', headers: { allow: 'GET' } },
  not_post: { status: 405, code: 'not_post', detail: 'send it with POST', headers: { allow: 'POST' } },
  too_large: { status: 413, code: 'too_large', detail: 'the body is larger than 256 KiB' },
  too_many_accounts: {
    status: 413,
    code: 'too_many_accounts',
    detail: 'more than 2,500 accounts are signed in on these tokens: ask about fewer',
  },
  invalid_token: {
    status: 401,
    code: 'invalid_token',
    detail: 'authorization is not "Bearer", a blank and the secret of a reader',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  },
  invalid_request: { status: 400, code: 'invalid_request', detail: 'the body is not a valid question' },
  invalid_cursor: {
    status: 400,
    code: 'invalid_cursor',
    detail: 'the cursor is not of an answer to this question: ask again without it',
  },
  forbidden_app: { status: 403, code: 'forbidden_app', detail: 'this reader may not read an app that is named' },
  not_json: { status: 400, code: 'not_json', detail: 'the body is not JSON in UTF-8' },
  unavailable: {
    status: 503,
    code: 'unavailable',
    detail: 'nothing can be read now: ask again',
    headers: { 'retry-after': '1' },
  },
} as const satisfies Readonly<Record<string, Problem>>;
