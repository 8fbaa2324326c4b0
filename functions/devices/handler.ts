import * as z from 'zod/mini';
import type { App } from '../core/configuration.ts';
import { fenceOf } from '../core/fence.ts';
import type { Operation } from '../core/operation.ts';
import { type Outcome, Unavailable } from '../core/outcome.ts';
import { type KeyPorts, KeysUnknown, keySetOf, RETRY_MS } from '../jwt/keys.ts';
import { type Issue, wordsFor } from '../lambda/issues.ts';
import { type Problem, problemReply } from '../lambda/problem.ts';
import { bytesIn, type HttpHandler, type HttpReply, type HttpRequest, jsonIn } from '../lambda/request.ts';
import type { Accept } from '../operations/accept.ts';
import { type BearerPorts, proofIn } from './bearer.ts';
import { outlivedBy, receiptIn, signOutOf, writtenReceipt } from './receipt.ts';
import { judgedSignIn, SignInBody, type SignInPorts } from './sign-in.ts';
import type { Keys } from './ticket.ts';

export type DevicesPorts = Omit<BearerPorts, 'keySets'> &
  KeyPorts &
  SignInPorts & {
    readonly apps: readonly App[];
    /** The keys of fences and receipts. */
    readonly ownKeys: () => Keys;
    readonly accept: Accept;
  };

type Ports = DevicesPorts & BearerPorts & { readonly prove: typeof proofIn };

/** The most bytes of a body. A receipt for the longest token fits. */
const MAX_BYTES = 16 * 1024;

/** `POST /devices/{app}/sign-in` and `/devices/{app}/sign-out`: a phone binds its push token, and ends that again. */
export const devicesHandler = (given: DevicesPorts, prove = proofIn): HttpHandler => {
  const keySets = new Map(given.identities.map((identity) => [identity, keySetOf(identity, given)]));
  const ports = { ...given, keySets, prove };
  return async (request) => {
    const [, id, call] = /^\/devices\/([^/]+)\/(sign-in|sign-out)$/.exec(request.path) ?? [];
    if (call === undefined) return problemReply(request, PROBLEMS.unknown_path);
    if (request.method !== 'POST') return problemReply(request, PROBLEMS.not_post);
    const app = ports.apps.find((one) => one.id === id);
    if (app === undefined) return problemReply(request, PROBLEMS.unknown_app);
    const answer = bytesIn(request.body) > MAX_BYTES ? PROBLEMS.too_large : await answerTo(ports, app, call, request);
    const reply = 'code' in answer ? problemReply(request, answer) : answer;
    return { ...reply, line: { app: app.id, operation: call, ...faultFor(answer), ...reply.line } };
  };
};

/** The fault of a bearer, for the log: it names claims and identities, and quotes nothing. */
const faultFor = (answer: Problem | HttpReply) =>
  'code' in answer && answer.code === 'invalid_token' ? { fault: answer.detail } : {};

async function answerTo(ports: Ports, app: App, call: string, request: HttpRequest): Promise<Problem | HttpReply> {
  try {
    return await (call === 'sign-in' ? signIn : signOut)(ports, app, request);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const wait = error instanceof KeysUnknown && { headers: { 'retry-after': `${RETRY_MS / 1000}` } };
    return { ...PROBLEMS.unavailable, reason: error.reason, ...wait };
  }
}

async function signIn(ports: Ports, app: App, request: HttpRequest): Promise<Problem | HttpReply> {
  // Read together with the keys of the bearer, and needed only if that is valid.
  const ownKeys = ports.ownKeys();
  ownKeys.catch(() => {});
  const proof = await ports.prove(ports, app, request);
  if ('fault' in proof) return { ...PROBLEMS.invalid_token, detail: proof.fault };
  const read = bodyIn(request, SignInBody, SIGN_IN_KEYS);
  if ('code' in read) return read;
  const { value: body } = read;
  if (body.expires_at && body.expires_at.fromMs <= ports.now())
    return invalid([{ path: 'expires_at', message: 'is not later than now' }]);
  const [key] = await ownKeys;
  if (key === undefined) throw new Unavailable('secret_unusable');
  const judged = await judgedSignIn(ports, app, proof, body);
  if (typeof judged === 'string') return PROBLEMS[judged];
  const { operation, edge } = judged;
  const outcome = await accepted(ports, request, operation);
  if ('code' in outcome) return outcome;
  // A later event was faster.
  if (outcome.kind === 'superseded' || outcome.kind === 'refused') return PROBLEMS.stale_token;
  const { token, stamp } = operation;
  const { account, session, issuedMs, by } = proof;
  const expires_at = body.expires_at && new Date(body.expires_at.fromMs).toISOString();
  const answer = {
    receipt: writtenReceipt(key, { app: app.id, token, account, stamp, session, issuedMs }),
    fence: fenceOf(key, operation, account, edge),
    ...(expires_at && { expires_at }),
  };
  return effective(outcome, answer, { by });
}

async function signOut(ports: Ports, app: App, request: HttpRequest): Promise<Problem | HttpReply> {
  const read = bodyIn(request, SignOutBody, ['receipt']);
  if ('code' in read) return read;
  const keys = await ports.ownKeys();
  const receipt = receiptIn(
    keys.filter((key) => key !== undefined),
    read.value.receipt,
  );
  if (receipt === undefined && keys.includes(undefined)) throw new Unavailable('secret_unusable');
  if (receipt?.app !== app.id) return PROBLEMS.invalid_receipt;
  const operation = signOutOf(receipt, await outlivedBy(receipt, ports.store));
  const outcome = await accepted(ports, request, operation);
  if ('code' in outcome) return outcome;
  // A later sign-in of the account stands: that of the receipt has ended.
  return effective(outcome, { outcome: outcome.kind === 'unavailable' ? 'durable' : 'applied' }, {});
}

/** Accepts one operation. Returns its outcome, which is `unavailable` if it is durable only. */
async function accepted({ accept }: Ports, { id }: HttpRequest, operation: Operation): Promise<Outcome | Problem> {
  const result = await accept({ id, from: `devices/${operation.app}` }, [operation]);
  if (result.kind === 'unavailable') return { ...PROBLEMS.unavailable, detail: UNKNOWN, reason: result.reason };
  if (result.kind === 'tooLarge' || result.outcomes[0] === undefined)
    throw new Error(`bug: one operation is ${result.kind}`);
  return result.outcomes[0];
}

const effective = ({ kind }: Outcome, body: unknown, line: { readonly by?: string }): HttpReply => ({
  status: kind === 'unavailable' ? 202 : 200,
  body,
  line: { ...line, outcome: kind === 'unavailable' ? 'durable' : 'applied' },
});

export const SignOutBody = z.strictObject({ receipt: z.string() });

const SIGN_IN_KEYS = Object.keys(SignInBody.shape);

/** Returns the body of a request, or the problem with it. */
function bodyIn<T>(
  request: HttpRequest,
  schema: z.ZodMiniType<T>,
  keys: readonly string[],
): { readonly value: T } | Problem {
  const json = jsonIn(request.body);
  if (json === undefined) return PROBLEMS.not_json;
  const { data, error } = schema.safeParse(json.value);
  if (error === undefined) return { value: data };
  const words = (issue: z.core.$ZodIssue) => wordsFor(issue, json.value, () => keys);
  return invalid(error.issues.map((issue) => ({ path: issue.path.join('.'), message: words(issue) })));
}

const invalid = (issues: readonly Issue[]): Problem => ({ ...PROBLEMS.invalid_request, issues });

/** Why a call may have been accepted. */
const UNKNOWN = 'it may or may not have been accepted: send it again';

/** Every problem, by its code. */
export const PROBLEMS = {
  unknown_path: {
    status: 404,
    code: 'unknown_path',
    detail: 'phones call /devices/{app}/sign-in and /devices/{app}/sign-out',
  },
  unknown_app: { status: 404, code: 'unknown_app', detail: 'no app has this id' },
  not_post: { status: 405, code: 'not_post', detail: 'send it with POST', headers: { allow: 'POST' } },
  too_large: { status: 413, code: 'too_large', detail: 'the body is larger than 16 KiB' },
  invalid_token: {
    status: 401,
    code: 'invalid_token',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  },
  not_json: { status: 400, code: 'not_json', detail: 'the body is not JSON in UTF-8' },
  invalid_request: { status: 400, code: 'invalid_request', detail: 'the body is not valid; nothing was changed' },
  stale_token: {
    status: 401,
    code: 'stale_token',
    detail:
      'the bearer is of a session that has ended, or is older than a sign-out of its account or than the bearer of the last sign-in on this token; sign in with a new bearer',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  },
  invalid_receipt: { status: 400, code: 'invalid_receipt', detail: 'this is no receipt of a sign-in to this app' },
  too_many_devices: {
    status: 429,
    code: 'too_many_devices',
    detail: 'the account has 1,000 push tokens in this app; sign it out everywhere, and those end',
  },
  unavailable: {
    status: 503,
    code: 'unavailable',
    detail: 'nothing was changed: send it again',
    headers: { 'retry-after': '1' },
  },
} as const satisfies Readonly<Record<string, Omit<Problem, 'detail'> & { readonly detail?: string }>>;
