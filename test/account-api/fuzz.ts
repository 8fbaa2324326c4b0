import * as fc from 'fast-check';
import { expect } from 'vitest';
import * as z from 'zod';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import type { HttpReply } from '../../functions/lambda/request.ts';
import { type World, world } from '../world/account-api.ts';
import { anyRequest, CANARY, type Sent } from './requests.ts';

const code = z.int();
const message = z.string().max(300);
const Refusals = z.strictObject({ ret_code: code, err_msg: message, retCode: code, errMsg: message });
const tokens = z.array(z.string());
const accounts = (type: z.ZodType) => z.array(z.strictObject({ account: z.string(), account_type: type }));
const lists = (type: z.ZodType) => ({
  account_tokens: z.array(z.strictObject({ account: z.string(), account_type: type, token_list: tokens })).optional(),
  token_accounts: z.array(z.strictObject({ token: z.string(), account_list: accounts(type) })).optional(),
});
const word = (dialect: string) =>
  dialect === 'xg' ? z.enum(['ok', 'token_not_exists']) : z.enum(['0', '1008006', '10110008']);

/** Every possible reply. */
const Replies = {
  operate: (dialect: string) =>
    z.strictObject({ ret_code: code, err_msg: message, result: z.array(word(dialect)).optional() }),
  query: (dialect: string) =>
    dialect === 'xg'
      ? z.strictObject({ ret_code: code, err_msg: message, ...lists(z.int()) })
      : z.strictObject({
          retCode: code,
          errMsg: message,
          ret_code: code.optional(),
          err_msg: message.optional(),
          result: z.array(word(dialect)).optional(),
          ...lists(z.int().positive().optional()),
        }),
};

function check({ app, endpoint }: Sent, { status, body, line }: HttpReply, changed: boolean): boolean {
  expect([200, 403, 413]).toContain(status);
  const [dialect = ''] = app.split('-');
  const reply = z.union([Replies[endpoint](dialect), Refusals]).parse(body);
  const isDone = ('retCode' in reply ? reply.retCode : reply.ret_code) === 0;
  expect(isDone).toBe(status === 200 && line?.['outcome'] !== 'refused');
  expect(changed).toBe(isDone && endpoint === 'operate');
  if (!isDone || endpoint === 'operate') expect(JSON.stringify(reply)).not.toContain(CANARY);
  expect(JSON.stringify(line)).not.toContain(CANARY);
  expect({}).not.toHaveProperty('polluted');
  return isDone;
}

async function exchange(at: World, sent: Sent): Promise<boolean> {
  const before = at.changes();
  const reply = await at.send({ path: PATHS[sent.endpoint], headers: sent.headers, body: sent.body });
  return check(sent, reply, at.changes() > before);
}

/**
 * Sends random requests: none gets a 5xx, changes anything if it is refused, or is quoted in a refusal or a log. Both kinds
 * of requests must occur, or the checks would check nothing.
 */
export async function fuzz(numRuns: number): Promise<void> {
  const seen = { done: 0, refused: 0 };
  const property = fc.asyncProperty(fc.array(anyRequest, { minLength: 1, maxLength: 10 }), async (requests) => {
    const at = world();
    for (const one of requests) seen[(await exchange(at, one)) ? 'done' : 'refused'] += 1;
  });
  await fc.assert(property, { seed: 20_260_101, numRuns });
  expect(seen.done + seen.refused).toBeGreaterThan(4 * numRuns);
  expect(Math.min(seen.done, seen.refused)).toBeGreaterThan(numRuns / 24);
}
