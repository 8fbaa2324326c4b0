import * as z from 'zod';
import type { Api } from './api.ts';
import { type Account, accountsOf, override, tokensOf } from './bodies.ts';
import { type Endpoint, SPELLINGS } from './dialects.ts';
import type { Answer } from './exchange.ts';
import { Broken, same } from './expectation.ts';

/** Steps that many rules share. */

/** Returns an account as text: its name and its type. Default type: 0. */
export const label = ({ account, account_type = 0 }: Account): string => `${account}#${account_type}`;

const Accounts = z.array(z.looseObject({ account: z.string(), account_type: z.int().optional() }));

const Found = z.looseObject({
  account_tokens: z
    .array(z.looseObject({ account: z.string(), account_type: z.int().optional(), token_list: z.array(z.string()) }))
    .default([]),
  token_accounts: z.array(z.looseObject({ token: z.string(), account_list: Accounts })).default([]),
});

/** Returns the code of a reply, in the spelling of its dialect. */
export function codeOf({ dialect, isDocumentedOnly }: Api, endpoint: Endpoint, { status, json }: Answer): number {
  const own = SPELLINGS[dialect].keys[endpoint].code;
  // A gateway of a hosted API may refuse in the spelling of the other endpoint.
  const key = isDocumentedOnly && !Object.hasOwn(Object(json), own) ? (OTHER_KEYS[own] ?? own) : own;
  const code = z.looseObject({ [key]: z.int() }).safeParse(json);
  if (!code.success) throw new Broken(`HTTP ${status}, and no number in ${key}`);
  return z.int().parse(code.data[key]);
}

const OTHER_KEYS: Readonly<Record<string, string>> = { ret_code: 'retCode', retCode: 'ret_code' };

/** Codes of TPNS for a request of which some elements, or all, failed: their results say which. */
const ELEMENTS_FAILED: readonly number[] = [1008026, 1008027];

/** Expects success. The documents allow a code of its own if elements failed; the contract does not. */
function succeeded(api: Api, endpoint: Endpoint, answer: Answer): void {
  const code = codeOf(api, endpoint, answer);
  if (!(api.isDocumentedOnly && api.dialect === 'tpns' && ELEMENTS_FAILED.includes(code))) same('the code', code, 0);
}

/** Sends a batchoperate that has to succeed. Returns its results, one for each element. */
export async function operate(api: Api, body: object): Promise<readonly string[]> {
  const answer = await api.send({ body });
  succeeded(api, 'operate', answer);
  const result = z.looseObject({ result: z.array(z.string()) }).safeParse(answer.json);
  if (!result.success) throw new Broken('there is no list of results');
  return result.data.result;
}

/** Sends a query that has to succeed. Returns its lists. */
export async function query(api: Api, body: object) {
  const answer = await api.send({ endpoint: 'query', body });
  succeeded(api, 'query', answer);
  const found = Found.safeParse(answer.json);
  if (!found.success) throw new Broken(`a list has another shape at ${found.error.issues[0]?.path.join('.')}`);
  return found.data;
}

/** Returns the accounts of a token, in the order of the reply. */
export async function accountsOn(api: Api, token: string): Promise<string[]> {
  const { token_accounts } = await query(api, accountsOf(token));
  return token_accounts.filter((entry) => entry.token === token).flatMap((entry) => entry.account_list.map(label));
}

/** Returns the tokens of an account, in the order of the reply. */
export async function tokensWith(api: Api, account: Account): Promise<string[]> {
  const { account_tokens } = await query(api, tokensOf(account));
  return account_tokens.filter((entry) => label(entry) === label(account)).flatMap((entry) => entry.token_list);
}

/** Expects that the token gets exactly these accounts, in any order, within the waiting time. */
export const holds = (api: Api, token: string, ...accounts: Account[]): Promise<void> =>
  api.eventually(async () => {
    same('the accounts of the token', (await accountsOn(api, token)).sort(), accounts.map(label).sort());
  });

/** Binds exactly these accounts to the token and waits until they are visible. */
export async function given(api: Api, token: string, ...accounts: Account[]): Promise<void> {
  await operate(api, override(token, ...accounts));
  await holds(api, token, ...accounts);
}

/**
 * Expects that the token still has exactly these accounts. First waits until a later bind is visible, so that everything
 * sent before it has been applied.
 */
export async function stays(api: Api, token: string, ...accounts: Account[]): Promise<void> {
  await given(api, api.token('later'), api.account('later'));
  same('the accounts of the token', (await accountsOn(api, token)).sort(), accounts.map(label).sort());
}
