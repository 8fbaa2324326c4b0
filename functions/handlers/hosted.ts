import type { Account, Token } from '../core/account.ts';
import type { ElementResult } from '../wire/operate-reply.ts';
import type { OperateRequest } from '../wire/operate-request.ts';

/**
 * Why a request was not done. `unavailable`: not now, or nobody can tell; try again, after `retryAfterMs` where the
 * answer says so. `refused`: trying again would not help. `unauthorized`: the credential does not open the app, or
 * the app is closed; whoever goes on sending has to stop. Reasons never quote what was sent or what came back.
 */
export type NotAnswered =
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unauthorized'; readonly reason: string };

/** A result for each element, in the order of the request. A hosted API works later: `done` says that it has the task. */
export type OperateAnswer = { readonly kind: 'answered'; readonly results: readonly ElementResult[] } | NotAnswered;

/** What is bound to each account, or token, asked about, in the order asked; empty where nothing is. */
export type TokensAnswer = { readonly kind: 'found'; readonly tokens: readonly (readonly Token[])[] } | NotAnswered;
export type AccountsAnswer =
  | { readonly kind: 'found'; readonly accounts: readonly (readonly Account[])[] }
  | NotAnswered;

/** Any Account API. One call is one attempt, or none where there is nothing to send; whoever calls tries again. */
export type AccountApiClient = {
  /** At most 20 elements with accounts, 500 tokens or 100 accounts. Throws where the request has more. */
  readonly operate: (request: OperateRequest) => Promise<OperateAnswer>;
  /** At most 100. */
  readonly tokensOf: (accounts: readonly Account[]) => Promise<TokensAnswer>;
  /** At most 100. */
  readonly accountsOf: (tokens: readonly Token[]) => Promise<AccountsAnswer>;
  /** Waits for calls under way, then lets the connections go. */
  readonly close: () => Promise<void>;
};

/** What a mirror needs of the hosted side. */
export type Hosted = Pick<AccountApiClient, 'operate' | 'accountsOf'> & {
  /** For how long (ms) it is known that no call will be made; 0 or absent where one may be. */
  readonly heldMs?: () => number;
};
