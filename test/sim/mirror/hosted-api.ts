import type { OperateRequest } from '../../../functions/account-api/wire/operate.ts';
import { type Account, type AccountKey, accountKey, type Token } from '../../../functions/core/account.ts';
import type { Process } from '../network.ts';
import type { Timeline } from '../timeline.ts';
import { note, type Span } from '../truth.ts';

/** Something the hosted API has accepted, or will do though it never said so, and has not done yet. */
export type Task = { readonly request: OperateRequest; readonly issuedAt: number; readonly by: Process };

/** A hosted TPNS: it holds one account of each type on a token, and applies calls later than it accepts them. */
export type HostedApi = {
  readonly boundTo: (token: Token) => Account[];
  readonly spansOf: (token: Token, account: Account) => readonly Span[];
  readonly pending: ReadonlySet<Task>;
  readonly isKnown: (token: Token) => boolean;
  /** True if it has forgotten the token since it last accepted a call about it. */
  readonly isForgotten: (token: Token) => boolean;
  /** Has it do that after that time. Tokens that it does not know by then are passed over. */
  readonly accept: (request: OperateRequest, inMs: number, by: Process) => void;
  /** The app was uninstalled: the token holds nothing, and takes nothing for that time. */
  readonly forget: (token: Token, ms: number) => void;
  /** Its history, a line each, for a person. */
  readonly history: (() => string)[];
};

export function hostedApi(timeline: Timeline): HostedApi {
  const held = new Map<Token, Map<number, Account>>();
  const spans = new Map<string, Span[]>();
  const unknownUntil = new Map<Token, number>();
  const acceptedAt = new Map<Token, number>();
  const forgottenAt = new Map<Token, number>();
  const pending = new Set<Task>();
  const history: (() => string)[] = [];
  const nameOf = (token: Token, account: AccountKey) => `${token} ${account}`;

  const set = (token: Token, accounts: Map<number, Account>) => {
    const before = [...(held.get(token)?.values() ?? [])].map(accountKey);
    const after = [...accounts.values()].map(accountKey);
    held.set(token, accounts);
    const at = timeline.now();
    for (const key of new Set([...before, ...after])) {
      const known = spans.get(nameOf(token, key)) ?? [];
      spans.set(nameOf(token, key), known);
      note(known, after.includes(key) ? 'held' : undefined, at);
    }
    if (before.join() !== after.join())
      history.push(() => `${at.toFixed(1)} ms: hosted ${token} holds ${after.join(', ') || 'nothing'}`);
  };

  const isKnown = (token: Token) => (unknownUntil.get(token) ?? 0) <= timeline.now();
  return {
    pending,
    isKnown,
    isForgotten: (token) => (forgottenAt.get(token) ?? -1) >= (acceptedAt.get(token) ?? 0),
    history,
    boundTo: (token) => [...(held.get(token)?.values() ?? [])],
    spansOf: (token, account) => spans.get(nameOf(token, accountKey(account))) ?? [],
    accept: (request, inMs, by) => {
      const task = { request, issuedAt: timeline.now(), by };
      for (const token of tokensOf(request)) acceptedAt.set(token, timeline.now());
      const refused = new Set(tokensOf(request).filter((token) => !isKnown(token)));
      pending.add(task);
      timeline.after(inMs, () => {
        pending.delete(task);
        for (const [token, accounts] of changedBy(request, held))
          if (isKnown(token) && !refused.has(token)) set(token, accounts);
      });
    },
    forget: (token, ms) => {
      set(token, new Map());
      forgottenAt.set(token, timeline.now());
      unknownUntil.set(token, timeline.now() + ms);
    },
  };
}

type Held = ReadonlyMap<Token, ReadonlyMap<number, Account>>;

/** The tokens a request is about and what they hold after it. */
function changedBy(request: OperateRequest, held: Held): [Token, Map<number, Account>][] {
  const without = (token: Token, accounts: readonly Account[]): [Token, Map<number, Account>] => {
    const gone = new Set(accounts.map(accountKey));
    return [token, new Map([...(held.get(token) ?? [])].filter(([, account]) => !gone.has(accountKey(account))))];
  };
  switch (request.kind) {
    case 'unbindTokenFromAll':
      return request.tokens.map((token) => [token, new Map()]);
    case 'unbindAccountFromAll':
      return [...held.keys()].map((token) => without(token, request.accounts));
    case 'unbind':
      return request.elements.map(({ token, accounts }) => without(token, accounts));
    default:
      // Since 2020-10-26 a bind replaces as an overriding one does, and that the types it names alone.
      return request.elements.map(({ token, accounts }) => [
        token,
        new Map([...(held.get(token) ?? []), ...accounts.map((account) => [account.type, account] as const)]),
      ]);
  }
}

/** The tokens that a request names. */
export function tokensOf(request: OperateRequest): readonly Token[] {
  if (request.kind === 'unbindAccountFromAll') return [];
  return request.kind === 'unbindTokenFromAll' ? request.tokens : request.elements.map(({ token }) => token);
}

/** The request without some of its elements, or nothing where none is left. */
export function withoutSome(request: OperateRequest, isLeft: (place: number) => boolean): OperateRequest | undefined {
  const left = <T>(items: readonly T[]) => items.filter((_, place) => isLeft(place));
  const rest: OperateRequest =
    request.kind === 'unbindAccountFromAll'
      ? { ...request, accounts: left(request.accounts) }
      : request.kind === 'unbindTokenFromAll'
        ? { ...request, tokens: left(request.tokens) }
        : { ...request, elements: left(request.elements) };
  return sizeOf(rest) === 0 ? undefined : rest;
}

export const sizeOf = (request: OperateRequest): number =>
  request.kind === 'unbindAccountFromAll' ? request.accounts.length : tokensOf(request).length;
