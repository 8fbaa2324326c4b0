import * as z from 'zod/mini';
import { Account, accountKey, Token } from '../core/account.ts';
import { AppId } from '../core/configuration.ts';
import { isTokenOperation } from '../core/operation.ts';
import { msOf } from '../core/stamp.ts';
import { jsonIn } from '../lambda/request.ts';
import type { AppliedOperation } from '../operations/messages.ts';

const RequestId = z.string().check(z.minLength(1), z.maxLength(256));

/**
 * "This token is dirty": compare it with the registry and push the difference. A mark never carries a command, so late,
 * lost and repeated marks are harmless.
 */
export const DirtyMark = z.object({
  token: Token,
  /** The request that caused it. */
  id: RequestId,
  /** Time of the change (ms since 1970), and whether an account lost the token by it. */
  ms: z.int(),
  removes: z.boolean(),
  /** Push even if the state shows no difference. The time (ms) when this became necessary. */
  forcedMs: z.optional(z.int()),
});
export type DirtyMark = z.infer<typeof DirtyMark>;

/** A place among an account's tokens. `forcedMs`: see `DirtyMark`. */
const Place = z.object({ token: Token, forcedMs: z.optional(z.int()) });

/**
 * "This account lost every token": push that at once, then mark each of its tokens dirty. `keeps`: it may have kept some,
 * so only the marks are made. `after`: these tokens, and those before, are marked; so the push was made too.
 */
export const AccountMark = z.object({
  account: Account,
  id: RequestId,
  ms: z.int(),
  keeps: z.optional(z.boolean()),
  after: z.optional(Place),
});
export type AccountMark = z.infer<typeof AccountMark>;

/** A queue message with marks of one app. */
export const MarksMessage = z.object({
  v: z.literal(1),
  app: AppId,
  tokens: z._default(z.array(DirtyMark), []),
  accounts: z._default(z.array(AccountMark), []),
});
export type MarksMessage = z.infer<typeof MarksMessage>;

/** The marks of one app. */
export type Marks = Pick<MarksMessage, 'tokens' | 'accounts'>;

/** The marks for operations of one app: one for each token and account they name. */
export function marksOf(applied: readonly AppliedOperation[]): Marks {
  const tokens = new Map<Token, DirtyMark>();
  const accounts = new Map<string, AccountMark>();
  for (const { id, operation } of applied) {
    const ms = msOf(operation.stamp);
    if (!isTokenOperation(operation)) {
      const { account, kind } = operation;
      const known = accounts.get(accountKey(account));
      const keeps = kind !== 'unbindAccountFromAll' && (known === undefined || known.keeps === true);
      accounts.set(accountKey(account), { account, id, ms, ...(keeps && { keeps }) });
      continue;
    }
    const { token, kind } = operation;
    tokens.set(token, joinMarks(tokens.get(token), { token, id, ms, removes: kind !== 'bind' }));
  }
  return { tokens: [...tokens.values()], accounts: [...accounts.values()] };
}

/** Joins two marks of one token into one. The lag counts from the older change. */
export const joinMarks = (known: DirtyMark | undefined, mark: DirtyMark): DirtyMark => {
  if (known === undefined) return mark;
  const forcedMs = mark.forcedMs ?? known.forcedMs;
  return {
    ...mark,
    ms: Math.min(known.ms, mark.ms),
    removes: known.removes || mark.removes,
    ...(forcedMs !== undefined && { forcedMs }),
  };
};

/** Why a token is verified: after a push, once more much later, or by the daily sweep. */
export const Cause = z.enum(['push', 'again', 'sweep']);
export type Cause = z.infer<typeof Cause>;

/** A token to verify. `pushedMs`: time of the push to verify; a later push has its own check. */
export const Check = z.object({ token: Token, id: RequestId, pushedMs: z.optional(z.int()) });
export type Check = z.infer<typeof Check>;

/** Checks in one message: the tokens of one query. */
export const TOKENS_A_QUERY = 20;

/** A queue message with checks of one app. */
export const ChecksMessage = z.object({
  v: z.literal(1),
  app: AppId,
  cause: Cause,
  checks: z.array(Check).check(z.minLength(1)),
});
export type ChecksMessage = z.infer<typeof ChecksMessage>;

/** Returns the message in a queue's body; undefined if it cannot be read. */
export const readMessage = <T>(schema: z.ZodMiniType<T>, body: string): T | undefined =>
  schema.safeParse(jsonIn(body)?.value).data;
