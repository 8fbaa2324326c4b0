import * as z from 'zod/mini';
import { Account, Token } from '../core/account.ts';
import { AppId } from '../core/configuration.ts';
import { isTokenOperation, type Operation } from '../core/operation.ts';
import { msOf } from '../core/stamp.ts';

const Request = z.string().check(z.minLength(1), z.maxLength(256));

/** "This token is dirty": look what it shall hold. Never "do this", so that late, lost and repeated marks are harmless. */
export const TokenMark = z.object({
  token: Token,
  /** The request that caused it. */
  id: Request,
  /** When the change happened (ms since 1970), and whether anybody lost the token by it. */
  ms: z.int(),
  removes: z.boolean(),
  /** Tell the hosted side even what it was told before: when (ms) somebody found that it holds something else. */
  forcedMs: z.optional(z.int()),
});
export type TokenMark = z.infer<typeof TokenMark>;

/** "This account lost every token": tell the hosted side at once, then look at each of its tokens. */
export const AccountMark = z.object({ account: Account, id: Request, ms: z.int() });
export type AccountMark = z.infer<typeof AccountMark>;

/** How marks of one app travel to its mirror. */
export const MarksMessage = z.object({
  v: z.literal(1),
  app: AppId,
  tokens: z._default(z.array(TokenMark), []),
  accounts: z._default(z.array(AccountMark), []),
});
export type MarksMessage = z.infer<typeof MarksMessage>;

/** The marks of one app. */
export type Marks = Pick<MarksMessage, 'tokens' | 'accounts'>;

/** An operation and the request it came with. */
export type Applied = { readonly id: string; readonly operation: Operation };

/** The marks that operations of one app come to: one for each token and account they name. */
export function marksOf(applied: readonly Applied[]): Marks {
  const tokens = new Map<Token, TokenMark>();
  const accounts = new Map<string, AccountMark>();
  for (const { id, operation } of applied) {
    const ms = msOf(operation.stamp);
    if (!isTokenOperation(operation)) {
      accounts.set(JSON.stringify(operation.account), { account: operation.account, id, ms });
      continue;
    }
    const known = tokens.get(operation.token);
    tokens.set(operation.token, joined(known, { token: operation.token, id, ms, removes: operation.kind !== 'bind' }));
  }
  return { tokens: [...tokens.values()], accounts: [...accounts.values()] };
}

/** Two marks of one token as one. The lag counts from the older change. */
export const joined = (known: TokenMark | undefined, mark: TokenMark): TokenMark => {
  if (known === undefined) return mark;
  const forcedMs = mark.forcedMs ?? known.forcedMs;
  return {
    ...mark,
    ms: Math.min(known.ms, mark.ms),
    removes: known.removes || mark.removes,
    ...(forcedMs !== undefined && { forcedMs }),
  };
};

/** Why a token is compared with the hosted side. */
export const Cause = z.enum(['push', 'again', 'sweep']);
export type Cause = z.infer<typeof Cause>;

/** Tokens to ask the hosted side about. `pushedMs`: as of which push; a later one has its own verification. */
export const Check = z.object({ token: Token, id: Request, pushedMs: z.optional(z.int()) });
export type Check = z.infer<typeof Check>;

/** How checks of one app travel to `verify`. */
export const ChecksMessage = z.object({
  v: z.literal(1),
  app: AppId,
  cause: Cause,
  checks: z.array(Check).check(z.minLength(1)),
});
export type ChecksMessage = z.infer<typeof ChecksMessage>;
