import * as z from 'zod/mini';
import type { Dialect } from '../../core/configuration.ts';
import { type Failure, problemOf, STATUSES, type StatusName, textOf } from './statuses.ts';

/**
 * What became of one element. `unknownToken`: a removal on a token never seen before; it holds all the same. The last
 * two were not accepted.
 */
export type ElementResult = 'done' | 'unknownToken' | 'refused' | 'unavailable';

/** The reply of batchoperate: a result for each element in the order of the request. */
export type OperateReply = { readonly kind: 'done'; readonly results: readonly ElementResult[] } | Failure;

/** The documents know `ok` and `token_not_exists`; TPNS writes its codes as text. */
export const RESULTS = {
  xg: { done: 'ok', unknownToken: 'token_not_exists', refused: 'parameter_invalid', unavailable: 'system_busy' },
  tpns: { done: '0', unknownToken: '1008006', refused: '1008007', unavailable: '1008004' },
} as const satisfies Record<Dialect, Record<ElementResult, string>>;

/** What hosted services also say: TPNS printed `ok` until 2020; 1008029 is "token is not valid", 1008028 "request too fast". */
const ALSO_SAID: ReadonlyMap<string, ElementResult> = new Map([
  ['ok', 'done'],
  ['0', 'done'],
  ['1008029', 'unknownToken'],
  ['10110008', 'unknownToken'],
  ['1008028', 'unavailable'],
]);

const ELEMENT_RESULTS: readonly ElementResult[] = ['done', 'unknownToken', 'refused', 'unavailable'];

const resultOf = (dialect: Dialect, said: string): ElementResult =>
  ELEMENT_RESULTS.find((result) => RESULTS[dialect][result] === said) ?? ALSO_SAID.get(said) ?? 'refused';

const Body = z.object({
  ret_code: z.int(),
  err_msg: z._default(z.string(), ''),
  result: z.optional(z.array(z.string())),
});
type Body = z.output<typeof Body>;

function decode(dialect: Dialect, { ret_code, result }: Body): OperateReply {
  const isBatch = [STATUSES.ok, STATUSES.partlyRefused, STATUSES.allRefused].some(
    (status) => status[dialect].code === ret_code,
  );
  if (isBatch && (ret_code === 0 || result !== undefined))
    return { kind: 'done', results: (result ?? []).map((said) => resultOf(dialect, said)) };
  return { kind: 'failed', problem: problemOf(dialect, ret_code), code: ret_code };
}

function encode(dialect: Dialect, reply: OperateReply): Body {
  if (reply.kind === 'failed') {
    const { code, text } = STATUSES[reply.problem][dialect];
    return { ret_code: code, err_msg: textOf(text, reply.issue) };
  }
  const { code, text } = STATUSES[statusOf(reply.results)][dialect];
  return { ret_code: code, err_msg: text, result: reply.results.map((result) => RESULTS[dialect][result]) };
}

function statusOf(results: readonly ElementResult[]): StatusName {
  const refused = results.filter((result) => result === 'refused' || result === 'unavailable').length;
  if (refused === 0) return 'ok';
  return refused === results.length ? 'allRefused' : 'partlyRefused';
}

const codec = (dialect: Dialect) =>
  z.codec(Body, z.custom<OperateReply>(), {
    decode: (body) => decode(dialect, body),
    encode: (reply) => encode(dialect, reply),
  });

/** Reads and writes the reply of batchoperate: `ret_code` and `err_msg` in both dialects. */
export const OperateReplies = { xg: codec('xg'), tpns: codec('tpns') } as const satisfies Record<Dialect, unknown>;
