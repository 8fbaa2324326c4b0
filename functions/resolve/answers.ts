import type { KeyObject } from 'node:crypto';
import type * as z from 'zod/mini';
import { tokenOn } from '../core/account.ts';
import { type Bound, bindingsFrom, boundTo } from '../core/bindings.ts';
import type { App } from '../core/configuration.ts';
import { fenceOf } from '../core/fence.ts';
import { Unavailable } from '../core/outcome.ts';
import { byRecency, msOf } from '../core/stamp.ts';
import type { RegistryStore, TokenRef } from '../core/store.ts';
import { cursorTo, type DevicesQuestion, placeOf, type ResolveQuestion } from './questions.ts';

export type AnswerPorts = {
  /** The registry, whose reads are strongly consistent here. */
  readonly store: RegistryStore;
  /** Returns the key of fences; undefined if it cannot be used. May reject with `Unavailable`. */
  readonly fenceKeys: () => Promise<readonly (KeyObject | undefined)[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** The body of an answer, and numbers for the log. Or the problem of a question that cannot be answered. */
type Answer =
  | { readonly body: object; readonly line: Readonly<Record<string, number>> }
  | { readonly problem: 'invalid_cursor' | 'too_many_accounts' };

/**
 * The most documents of one call, and so the most devices: with the longest tokens, in escapes, an answer is half of the
 * 6 MB that Lambda allows.
 */
const MOST_DOCUMENTS = 500;

/** The most accounts of one answer about tokens, for the same reason. */
const MOST_ACCOUNTS = 2_500;

/** Answers `/v1/resolve`. May reject with `Unavailable`. */
export async function devicesOf(
  { store, fenceKeys, now }: AnswerPorts,
  apps: readonly App[],
  { accounts, cursor }: z.output<typeof ResolveQuestion>,
): Promise<Answer> {
  const refs = accounts.flatMap((account) => apps.map(({ id: app, platform }) => ({ app, platform, account })));
  const from = cursor === undefined ? { account: 0 } : placeOf(cursor, refs);
  if (from === undefined) return { problem: 'invalid_cursor' };
  const page = bindingsFrom(store, refs, from, { most: MOST_DOCUMENTS, nowMs: now() });
  const [key, { bindings, next }] = await Promise.all([keyIn(fenceKeys), page]);
  const devices = bindings.flatMap((one) => {
    const { place, account, token, edge } = one;
    const ref = refs[place];
    // A spelling that an older version stored is not shown: logins and logouts of its token no longer reach it.
    if (ref === undefined || token !== tokenOn(ref.platform, token)) return [];
    const { app, platform } = ref;
    return [{ of: account, edge, shown: { app, platform, token, ...bindOf(key, one, one) } }];
  });
  const found = Map.groupBy(devices, ({ of }) => of);
  const end = next === undefined ? refs.length : next.account + (next.after === undefined ? 0 : 1);
  const read = new Set(refs.slice(from.account, end).map(({ account }) => account));
  const entries = [...read].map((account) => ({
    account: account.id,
    account_type: account.type,
    devices: (found.get(account) ?? []).sort((a, b) => byRecency(a.edge, b.edge)).map(({ shown }) => shown),
  }));
  return {
    body: { accounts: entries, ...(next && { cursor: cursorTo(next, refs) }) },
    line: { accounts: entries.length, devices: devices.length },
  };
}

/** Answers `/v1/devices`. May reject with `Unavailable`. */
export async function accountsOf(
  { store, fenceKeys, now }: AnswerPorts,
  apps: readonly App[],
  { tokens }: z.output<typeof DevicesQuestion>,
): Promise<Answer> {
  const refs = tokens.flatMap((name) =>
    apps.map(({ id: app, platform }) => ({ name, app, platform, token: tokenOn(platform, name) })),
  );
  const [key, bound] = await Promise.all([keyIn(fenceKeys), boundTo(store, refs, now())]);
  const accounts = refs.flatMap(({ name, app, platform, token }, i) =>
    (bound[i] ?? []).map((one) => {
      const named = { account: one.id, account_type: one.type };
      return { of: name, shown: { app, platform, ...named, ...bindOf(key, { app, token }, one) } };
    }),
  );
  if (accounts.length > MOST_ACCOUNTS) return { problem: 'too_many_accounts' };
  const found = Map.groupBy(accounts, ({ of }) => of);
  const devices = tokens.map((token) => ({ token, accounts: (found.get(token) ?? []).map(({ shown }) => shown) }));
  return { body: { devices }, line: { accounts: accounts.length, devices: tokens.length } };
}

async function keyIn(fenceKeys: AnswerPorts['fenceKeys']): Promise<KeyObject> {
  const [key] = await fenceKeys();
  if (key === undefined) throw new Unavailable('secret_unusable');
  return key;
}

/** The fields of a bind: its time, its fence and the end of its lease. */
const bindOf = (key: KeyObject, ref: TokenRef, { type, id, edge, untilMs }: Bound) => ({
  bound_at: timeOf(msOf(edge)),
  fence: fenceOf(key, ref, { type, id }, edge),
  ...(untilMs !== undefined && { expires_at: timeOf(untilMs) }),
});

const timeOf = (ms: number): string => new Date(ms).toISOString();
