import { Buffer } from 'node:buffer';
import * as z from 'zod';
import { type Account, AccountType } from '../../../functions/core/account.ts';
import type { AppId } from '../../../functions/core/configuration.ts';
import { FUTURE_MS } from '../../../functions/core/time.ts';
import type { BearerPorts, proofIn } from '../../../functions/devices/bearer.ts';
import { proofOf } from '../../../functions/devices/claims.ts';
import { BEGINNING_MS } from '../cast.ts';
import type { Surroundings } from '../network.ts';
import type { SentEvent } from '../people.ts';
import { CANARY } from '../scene.ts';
import { HOUR_MS, MOST_SKEW_MS } from '../timeline.ts';
import { PHONES_CONFIGURATION } from './scene.ts';

/** A person's login at the provider, on one phone. */
export type Login = {
  readonly app: AppId;
  readonly account: Account;
  /** The claims of its bearers beside the usual ones: the session, the time of the login, or neither. */
  readonly claims: { readonly sid?: string; readonly auth_time?: number };
  hasEnded: boolean;
};

/** `iatMs`: when it was issued as it says itself, in whole seconds (ms since 1970). */
export type Bearer = { readonly text: string; readonly login: Login; readonly iatMs: number };

/** A sign-out that the provider knows of. Times in ms since 1970, by its clock. */
export type Revocation = {
  readonly kind: 'everywhere' | 'others' | 'session';
  readonly account: Account;
  readonly app: AppId;
  readonly atMs: number;
  readonly sid: string | undefined;
};

export type Provider = ReturnType<typeof provider>;

/** An identity provider with a clock of its own. Its bearers live for an hour, and a refresh keeps their session. */
export function provider({ timeline, random }: Surroundings) {
  const names = random.pick(['sid', 'sid', 'auth_time', 'nothing']);
  const skewMs = (random.next() - 0.5) * random.pick([100, 2 * MOST_SKEW_MS]);
  const nowMs = () => Math.floor(BEGINNING_MS + timeline.now() + skewMs);
  const logins: Login[] = [];
  const bearers = new Map<Login, Bearer>();
  const revocations: Revocation[] = [];
  let issued = 0;

  return {
    revocations,
    login: (app: AppId, account: Account): Login => {
      const sid = names === 'sid' ? { sid: `${CANARY} session ${logins.length}` } : {};
      const time = names === 'auth_time' ? { auth_time: Math.floor(nowMs() / 1000) } : {};
      const login = { app, account, claims: { ...sid, ...time }, hasEnded: false };
      logins.push(login);
      return login;
    },
    /** The bearer that the phone has, or a new one. Undefined if it needs a new one and the login has ended. */
    bearer: (login: Login, isFresh: boolean): Bearer | undefined => {
      const known = bearers.get(login);
      if (!isFresh && known && known.iatMs + HOUR_MS > nowMs()) return known;
      if (login.hasEnded) return undefined;
      const iat = Math.floor(nowMs() / 1000);
      const { type, id } = login.account;
      const claims = { sub: id, account_type: type, iat, exp: iat + HOUR_MS / 1000, jti: issued++, ...login.claims };
      const text = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signed`;
      const bearer = { text, login, iatMs: iat * 1000 };
      bearers.set(login, bearer);
      return bearer;
    },
    /** Ends what a person chooses to end somewhere else. Returns the event that tells it. */
    revoke: (id: string): SentEvent | undefined => {
      const chosen = logins.length > 0 ? random.pick(logins) : undefined;
      if (chosen === undefined) return undefined;
      const { account, app, claims } = chosen;
      const { sid } = claims;
      const kind = sid === undefined ? 'everywhere' : random.pick(['everywhere', 'others', 'session'] as const);
      const revocation: Revocation = {
        kind,
        account,
        app,
        atMs: nowMs(),
        sid: kind === 'everywhere' ? undefined : sid,
      };
      revocations.push(revocation);
      for (const login of logins) login.hasEnded ||= isMeant(revocation, login);
      return eventOf(revocation, id);
    },
  };
}

/** Tests that a sign-out ends a login, whatever its time. */
export function isMeant({ kind, account, sid }: Revocation, login: Login): boolean {
  if (login.account !== account) return false;
  return kind === 'everywhere' || (login.claims.sid === sid) === (kind === 'session');
}

function eventOf({ kind, account, app, atMs, sid }: Revocation, id: string): SentEvent {
  const named = { account: account.id, account_type: account.type };
  const timestamp = new Date(atMs).toISOString();
  const removal = { ms: atMs, accounts: [account], scope: undefined };
  if (kind === 'session') {
    const data = { app, scope: 'session', session_id: sid, ...named };
    const expected = { ...removal, kind: 'endAccountSession', app, hasSession: true };
    return { json: { type: 'user.logout', timestamp, id, data }, expected: [expected] };
  }
  const isAll = kind === 'everywhere';
  const data = isAll ? named : { ...named, except: { session_id: sid } };
  const meant = { ...removal, kind: isAll ? 'unbindAccountFromAll' : 'unbindAccountFromOthers', hasSession: !isAll };
  const expected = PHONES_CONFIGURATION.apps.map((one) => ({ ...meant, app: one.id }));
  return { json: { type: 'user.logout_everywhere', timestamp, id, data }, expected };
}

const Claims = z.looseObject({ sub: z.string(), iat: z.number(), exp: z.number(), account_type: AccountType });

/** In place of a verified signature: the claims of such a bearer, read by the code of the door. */
export const provenBy: typeof proofIn = async ({ now }: Pick<BearerPorts, 'now'>, _app, { headers }) => {
  const [, payload = ''] = (headers['authorization'] ?? '').split('.');
  const claims = Claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  const isNow = claims.iat * 1000 <= now() + FUTURE_MS && now() < claims.exp * 1000 + FUTURE_MS;
  if (!isNow) return { fault: 'is not of this time' };
  return proofOf(`${payload}.`, claims, { by: 'provider', account: 'sub', session: 'sid', type: claims.account_type });
};
