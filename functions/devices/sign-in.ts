import * as z from 'zod/mini';
import { type AccountKey, accountKey, NewToken, parseAccountKey, tokenOn } from '../core/account.ts';
import type { App } from '../core/configuration.ts';
import {
  candidates,
  clearOf,
  EMPTY,
  isBound,
  momentsOf,
  type TokenDocument,
  typeOf,
  UNMARKED,
  type Watermark,
} from '../core/document.ts';
import { horizonAt, merge } from '../core/merge.ts';
import { type BindOperation, installationOf, scopeOf } from '../core/operation.ts';
import { readable } from '../core/outcome.ts';
import { eventHash, isBind, issuedIn, LAST_MS, msOf, stampOf } from '../core/stamp.ts';
import { pointersOf, type RegistryStore, type TokenRef } from '../core/store.ts';
import { momentAfter, WrittenTime } from '../core/time.ts';
import type { Proof } from './claims.ts';

/** The body of a sign-in. Names and rules are those of the event `user.login`. */
export const SignInBody = z.strictObject({
  token: NewToken,
  installation_id: z.optional(z.string().check(z.minLength(1), z.maxLength(256))),
  expires_at: z.optional(WrittenTime),
  mode: z._default(z.enum(['override', 'append']), 'override'),
});
export type SignInBody = z.infer<typeof SignInBody>;

/** A bind to accept, and the edge of its account: the moment and the terms that a fence is made of. */
export type SignIn = { readonly operation: BindOperation; readonly edge: string };

export type SignInPorts = {
  /** The registry, whose reads are strongly consistent here. */
  readonly store: RegistryStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** The tokens that an account may have, signed out ones included until they are swept. A flood of one user ends here. */
const MOST_TOKENS = 1_000;

/**
 * Judges a sign-in against what the registry knows, before it has any effect. Its time is later than all that: a phone has
 * no clock to rely on. So that it never undoes what came after its bearer, it is `stale_token` if a sign-out removes it, or
 * if it would replace a bind whose bearer is newer, such as that of the phone's next user. Throws `Unavailable` if the
 * registry cannot be read.
 */
export async function judgedSignIn(
  { store, now }: SignInPorts,
  app: App,
  proof: Proof,
  body: SignInBody,
): Promise<SignIn | 'stale_token' | 'too_many_devices'> {
  const ref = { app: app.id, token: tokenOn(app.platform, body.token) };
  const owner = { app: app.id, account: proof.account };
  const [[stored], [marked]] = await Promise.all([store.documents([ref], 'strong'), store.watermarks([owner])]);
  const document = readable(stored)?.document ?? EMPTY;
  const watermark = readable(marked)?.watermark ?? UNMARKED;
  const nowMs = now();
  const ms = momentAfter(nowMs, [...momentsOf(document), ...momentsOf(watermark)]);
  const operation = bindOf(app, ref, proof, body, ms);
  const merged = merge(document, [operation], horizonAt(ms));
  const key = accountKey(proof.account);
  if (!isBound(merged, key, watermark, nowMs)) return 'stale_token';
  if (isSignedOutSince(document, key, watermark, proof)) return 'stale_token';
  const newer = newerBinds(document, merged, proof, nowMs);
  if (newer.length > 0 && (await areBound(store, ref, document, newer, nowMs))) return 'stale_token';
  if (document.edges[key] === undefined) {
    const { pointers } = await pointersOf(store, owner, MOST_TOKENS);
    if (pointers.length >= MOST_TOKENS && !pointers.some(({ token }) => token === ref.token)) return 'too_many_devices';
  }
  return { operation, edge: merged.edges[key] ?? '' };
}

function bindOf(app: App, ref: TokenRef, proof: Proof, body: SignInBody, ms: number): BindOperation {
  const { account, session, issuedMs } = proof;
  const { installation_id, expires_at, mode } = body;
  const hash = eventHash('sign-in', ref, proof, body);
  const untilMs = expires_at && Math.min(expires_at.fromMs, LAST_MS);
  const terms = { session, untilMs, issuedMs };
  const login = { ...ref, accounts: [account], installation: installationOf(installation_id), ...terms };
  if (mode === 'append' && app.policy === 'many') return { kind: 'bind', stamp: stampOf('bind', ms, hash), ...login };
  return { kind: 'bindOverriding', scope: scopeOf(app), stamp: stampOf('bindOverriding', ms, hash), ...login };
}

/** How far the clock of a provider may be behind ours (ms), with the second in which it writes its times. */
export const BEHIND_MS = 6_000;

/**
 * Tests that the account may have been signed out on the token since the bearer was issued: by a removal, or by a clear,
 * such as that of the sign-in of another user, which takes the place of removals before it. While the account is bound by a
 * bearer that is no newer, or by an event, it was not.
 */
function isSignedOutSince(
  document: TokenDocument,
  key: AccountKey,
  watermark: Watermark,
  { issuedMs }: Proof,
): boolean {
  const edge = document.edges[key] ?? '';
  // The end of a lease is no sign-out.
  if (isBound(document, key, watermark, 0) && (issuedIn(edge) ?? 0) <= issuedMs) return false;
  return [isBind(edge) ? '' : edge, clearOf(document, typeOf(key))].some((at) => issuedMs + BEHIND_MS < msOf(at));
}

/**
 * The accounts whose binds the sign-in would replace although they are newer than its bearer: their own bearer is, or the
 * event is that signed another account in.
 */
function newerBinds(document: TokenDocument, merged: TokenDocument, proof: Proof, nowMs: number): AccountKey[] {
  const own = accountKey(proof.account);
  const newest = (account: AccountKey, edge: string) =>
    issuedIn(edge) ?? (account === own ? 0 : msOf(edge) - BEHIND_MS);
  return candidates(document, nowMs).filter((account) => {
    const edge = document.edges[account] ?? '';
    return newest(account, edge) > proof.issuedMs && merged.edges[account] !== edge;
  });
}

/** Tests that the account of one of these binds has not been signed out meanwhile. */
async function areBound(
  store: RegistryStore,
  { app }: TokenRef,
  document: TokenDocument,
  accounts: readonly AccountKey[],
  nowMs: number,
): Promise<boolean> {
  const stored = await store.watermarks(accounts.map((key) => ({ app, account: parseAccountKey(key) })));
  return accounts.some((key, i) => isBound(document, key, readable(stored[i])?.watermark ?? UNMARKED, nowMs));
}
