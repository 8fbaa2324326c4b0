import * as z from 'zod';
import { AccountId, AccountType, Token } from '../functions/core/account.ts';
import type { QueryRequest } from '../functions/wire/query-request.ts';
import { UserError } from '../local/user-error.ts';
import { accountTypeIn } from './account-type.ts';

export const QUESTION_OPTIONS = {
  account: { type: 'string' },
  'account-type': { type: 'string' },
  token: { type: 'string' },
} as const;

export type QuestionValues = { readonly [K in keyof typeof QUESTION_OPTIONS]?: string | undefined };

/** The one question that the options ask. */
export function questionIn({ account, token, 'account-type': type }: QuestionValues): QueryRequest {
  if ((account === undefined) === (token === undefined)) throw new UserError('ask for --account or for --token');
  if (token !== undefined) return { kind: 'accountsOf', tokens: [valid(Token, 'token', token)] };
  const named = { type: accountTypeIn(type) ?? UNTYPED, id: valid(AccountId, 'account', account) };
  return { kind: 'tokensOf', accounts: [named] };
}

const UNTYPED = AccountType.parse(0);

function valid<S extends z.core.$ZodType>(schema: S, option: string, value: unknown): z.output<S> {
  const read = z.safeParse(schema, value);
  if (read.success) return read.data;
  throw new UserError(`--${option}: ${read.error.issues[0]?.message}`);
}
