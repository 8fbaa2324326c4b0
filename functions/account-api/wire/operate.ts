import * as z from 'zod/mini';
import { type Account, faultIn, type Token } from '../../core/account.ts';
import type { Dialect } from '../../core/configuration.ts';
import {
  AccountElements,
  type Circumstances,
  circumstancesOf,
  fieldsOf,
  inDialects,
  LIMITS,
  listOf,
  operatorFields,
  RequestPlatforms,
  RequestTokens,
} from './elements.ts';
import { codeOf, type Failure, failureOf, STATUSES, type StatusName } from './statuses.ts';

/** One token and the accounts it gains or loses. */
export type OperateElement = { readonly token: Token; readonly accounts: readonly Account[] };

/** `POST /v3/device/account/batchoperate`: one kind of change, on each element by itself. */
export type OperateRequest = Circumstances &
  (
    | { readonly kind: 'bind' | 'bindOverriding' | 'unbind'; readonly elements: readonly OperateElement[] }
    | { readonly kind: 'unbindTokenFromAll'; readonly tokens: readonly Token[] }
    | { readonly kind: 'unbindAccountFromAll'; readonly accounts: readonly Account[] }
  );

const NUMBERED_KINDS = { 1: 'bind', 2: 'bindOverriding', 3: 'unbind' } as const;
const NUMBERS = { bind: 1, bindOverriding: 2, unbind: 3 } as const;

const requestBody = (dialect: Dialect) => {
  const platform = RequestPlatforms[dialect];
  const account = AccountElements[dialect];
  const element = z.object({ token: RequestTokens[dialect], account_list: listOf(account, LIMITS.accountsOfToken) });
  return z.discriminatedUnion(
    'operator_type',
    [
      z.object({
        operator_type: z.literal([1, 2, 3]),
        platform,
        token_accounts: listOf(element, LIMITS.tokens),
        ...operatorFields,
      }),
      z.object({
        operator_type: z.literal(4),
        platform,
        token_list: listOf(RequestTokens[dialect], LIMITS.tokensToClear),
        ...operatorFields,
      }),
      z.object({
        operator_type: z.literal(5),
        platform,
        account_list: listOf(account, LIMITS.accountsToClear),
        ...operatorFields,
      }),
    ],
    'a request is an object whose operator_type is 1 to 5',
  );
};

type RequestBody = z.output<ReturnType<typeof requestBody>>;

function decodeRequest(body: RequestBody, { issues }: Pick<z.core.ParsePayload, 'issues'>): OperateRequest {
  const circumstances = circumstancesOf(body);
  switch (body.operator_type) {
    case 4:
      return { kind: 'unbindTokenFromAll', tokens: body.token_list, ...circumstances };
    case 5:
      return { kind: 'unbindAccountFromAll', accounts: body.account_list, ...circumstances };
    default: {
      const elements = body.token_accounts.map(({ token, account_list }) => ({ token, accounts: account_list }));
      const kind = NUMBERED_KINDS[body.operator_type];
      if (kind !== 'unbind') issues.push(...faultsIn(elements));
      return { kind, elements, ...circumstances };
    }
  }
}

/** The faults in names that are to be bound. They are no part of the schema, in which removals and mirrors write. */
const faultsIn = (elements: readonly OperateElement[]) =>
  elements.flatMap(({ token, accounts }, i) =>
    [
      { name: token, path: ['token'] },
      ...accounts.map(({ id }, a) => ({ name: id, path: ['account_list', a, 'account'] })),
    ]
      .map(({ name, path }) => ({ path: ['token_accounts', i, ...path], message: faultIn(name) }))
      .filter(({ message }) => message !== undefined)
      .map((issue) => ({ code: 'custom' as const, input: undefined, ...issue })),
  );

function encodeRequest(request: OperateRequest): RequestBody {
  const fields = fieldsOf(request);
  switch (request.kind) {
    case 'unbindTokenFromAll':
      return { operator_type: 4, ...fields, token_list: [...request.tokens] };
    case 'unbindAccountFromAll':
      return { operator_type: 5, ...fields, account_list: [...request.accounts] };
    default: {
      const elements = request.elements.map(({ token, accounts }) => ({ token, account_list: [...accounts] }));
      return { operator_type: NUMBERS[request.kind], ...fields, token_accounts: elements };
    }
  }
}

/** Reads and writes a request in each dialect. Ignores unknown keys. */
export const OperateRequests = inDialects((dialect) =>
  z.codec(requestBody(dialect), z.custom<OperateRequest>(), { decode: decodeRequest, encode: encodeRequest }),
);

/**
 * The result of one element. `unknownToken`: a removal on a token never seen before; the removal is done all the same. The
 * last two were not accepted.
 */
export type ElementResult = 'done' | 'unknownToken' | 'refused' | 'unavailable';

/** The reply of batchoperate: a result for each element in the order of the request. */
export type OperateReply = { readonly kind: 'done'; readonly results: readonly ElementResult[] } | Failure;

/** The texts of results. The documents have `ok` and `token_not_exists`; TPNS writes its codes as text. */
export const RESULTS = {
  xg: { done: 'ok', unknownToken: 'token_not_exists', refused: 'parameter_invalid', unavailable: 'system_busy' },
  tpns: { done: '0', unknownToken: '1008006', refused: '1008007', unavailable: '1008004' },
} as const satisfies Record<Dialect, Record<ElementResult, string>>;

/** Other texts of hosted APIs. TPNS printed `ok` until 2020; 1008029: "token is not valid"; 1008028: "request too fast". */
const HOSTED_RESULTS: ReadonlyMap<string, ElementResult> = new Map([
  ['ok', 'done'],
  ['0', 'done'],
  ['1008029', 'unknownToken'],
  ['10110008', 'unknownToken'],
  ['1008028', 'unavailable'],
]);

const ELEMENT_RESULTS: readonly ElementResult[] = ['done', 'unknownToken', 'refused', 'unavailable'];

const resultOf = (dialect: Dialect, text: string): ElementResult =>
  ELEMENT_RESULTS.find((result) => RESULTS[dialect][result] === text) ?? HOSTED_RESULTS.get(text) ?? 'refused';

const ReplyBody = z.object({
  ret_code: z.int(),
  err_msg: z._default(z.string(), ''),
  result: z.optional(z.array(z.string())),
});
type ReplyBody = z.output<typeof ReplyBody>;

const DONE: readonly StatusName[] = ['ok', 'partlyRefused', 'allRefused'];

function decodeReply(dialect: Dialect, { ret_code, result }: ReplyBody): OperateReply {
  const isDone = DONE.some((name) => STATUSES[name][dialect].code === ret_code);
  if (!isDone || (ret_code !== 0 && result === undefined)) return failureOf(dialect, ret_code);
  return { kind: 'done', results: (result ?? []).map((text) => resultOf(dialect, text)) };
}

function encodeReply(dialect: Dialect, reply: OperateReply): ReplyBody {
  const isFailed = reply.kind === 'failed';
  const { code, text } = isFailed ? codeOf(dialect, reply) : STATUSES[statusOf(reply.results)][dialect];
  const result = isFailed ? undefined : reply.results.map((one) => RESULTS[dialect][one]);
  return { ret_code: code, err_msg: text, ...(result && { result }) };
}

function statusOf(results: readonly ElementResult[]): StatusName {
  const refused = results.filter((result) => result === 'refused' || result === 'unavailable').length;
  if (refused === 0) return 'ok';
  return refused === results.length ? 'allRefused' : 'partlyRefused';
}

/** Reads and writes the reply of batchoperate: `ret_code` and `err_msg` in both dialects. */
export const OperateReplies = inDialects((dialect) =>
  z.codec(ReplyBody, z.custom<OperateReply>(), {
    decode: (body) => decodeReply(dialect, body),
    encode: (reply) => encodeReply(dialect, reply),
  }),
);
