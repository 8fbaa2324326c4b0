import { Pool } from 'undici';
import type { AppEvent } from '../../functions/events/sources/standard-webhooks.ts';
import type { Variant } from './variants.ts';

type Login = Extract<AppEvent, { type: 'user.login' }>;

/** Binds the logins' tokens, in one call. */
export type Bind = (logins: readonly Login[]) => Promise<void>;

const PATH = '/v3/device/account/batchoperate';
const headers = { 'content-type': 'application/json', authorization: `Basic ${btoa('shop:secret')}` };

/** Translates to the Account API's words. */
const bodyOf = (logins: readonly Login[]): string =>
  JSON.stringify({
    operator_type: 2,
    platform: 'android',
    token_accounts: logins.map(({ data: { token, account, account_type } }) => ({
      token,
      account_list: [{ account, account_type }],
    })),
  });

export function upstream(url: string, { http, concurrency }: Variant): Bind {
  if (http === 'fetch')
    return async (logins) => {
      const answer = await fetch(`${url}${PATH}`, { method: 'POST', headers, body: bodyOf(logins) });
      checked(await answer.json());
    };
  const pool = new Pool(url, { connections: Math.min(concurrency, 50) });
  return async (logins) => {
    const { body } = await pool.request({ method: 'POST', path: PATH, headers, body: bodyOf(logins) });
    checked(await body.json());
  };
}

function checked(answer: unknown): void {
  const isDone = typeof answer === 'object' && answer !== null && 'ret_code' in answer && answer.ret_code === 0;
  if (!isDone) throw new Error('the upstream refused');
}
