import type { App } from '../core/configuration.ts';
import type { Reader } from '../core/identity.ts';
import { orUnavailable } from '../core/outcome.ts';
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

export type ResolvePorts = ReaderPorts & AnswerPorts & { readonly apps: readonly App[] };

const PATHS = { resolve: '/v1/resolve', devices: '/v1/devices' } as const;

/**
 * `POST /v1/resolve` and `POST /v1/devices`: which devices accounts have, and which accounts devices have, in the apps that
 * the reader may read. A request without a reader's secret reads nothing of the registry.
 */
export const resolveHandler =
  (ports: ResolvePorts): HttpHandler =>
  async (request) => {
    const fault = faultOf(request);
    if (fault !== undefined) return problemReply(request, PROBLEMS[fault]);
    const proof = await proveReader(ports, request);
    if ('reason' in proof) return problemReply(request, { ...PROBLEMS.unavailable, reason: proof.reason });
    if ('kind' in proof) return problemReply(request, PROBLEMS.invalid_token);
    const reply = await answer(ports, proof.reader, request);
    const operation = request.path === PATHS.resolve ? 'resolve' : 'devices';
    return { ...reply, line: { reader: proof.reader.id, operation, ...reply.line } };
  };

/** Returns the fault of a request that is seen before its credential is. */
function faultOf({ path, method, body }: HttpRequest): keyof typeof PROBLEMS | undefined {
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

const isOf = ({ apps }: Reader, app: string): boolean => apps.some((id) => id === app);

const FOREIGN = 'is not an app of this reader';

/** Every problem, by its code. */
export const PROBLEMS = {
  unknown_path: { status: 404, code: 'unknown_path', detail: 'senders ask at /v1/resolve and /v1/devices' },
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
