import * as z from 'zod/mini';
import { issuerOptions } from '../../core/identity.ts';
import { keySetOf } from '../../jwt/keys.ts';
import { verified } from '../../jwt/verify.ts';
import type { HttpReply } from '../../lambda/request.ts';
import { isGiven, secondsAt, textAt } from '../fields.ts';
import { type Fact, type Refused, sourceKind } from '../source.ts';

const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout';

/** The greatest age of a logout token (s). Issuers make one for each attempt, which lives for about two minutes. */
const MOST_S = 300;

/** OpenID Connect Back-Channel Logout 1.0: Auth0, Keycloak, Okta and others that follow it. */
export const kind = sourceKind({
  credential: 'published',
  options: z.strictObject(issuerOptions),
  accounts: ['sub'],
  effects: { 'with sid': 'session ended', 'with sub only': 'signed out everywhere' },
  receiver: (options, { account, ...ports }) => {
    const keys = keySetOf(options, ports);
    return async ({ body }, { nowMs }) => {
      const token = new URLSearchParams(body.toString()).get('logout_token');
      if (token === null) return refused('the form has no field logout_token');
      const read = await verified(token, keys, { ...options, nowMs, mostS: MOST_S });
      return 'fault' in read ? refused(`the token ${read.fault}`) : logoutIn(read.claims, account);
    };
  },
  reply: replyOf,
});

const refused = (fault: string): Refused => ({ refused: 'not_signed', fault });

/** Reads verified claims (§2.6). An ID token has `nonce` and no such event: it must not sign a user out. */
function logoutIn(claims: object, account: string): { facts: Fact[] } | Refused {
  const event: unknown = Reflect.get(Object(Reflect.get(claims, 'events')), LOGOUT);
  if (typeof event !== 'object' || event === null) return refused('the token is no logout token: it has no such event');
  if (Object.hasOwn(claims, 'nonce')) return refused('the token has a "nonce", which a logout token must not have');
  const [user, session] = [textAt(claims, account), textAt(claims, 'sid')];
  if (user === undefined && session === undefined) return refused('the token has neither "sub" nor "sid"');
  const fact = { id: textAt(claims, 'jti') ?? '', at: secondsAt(claims, 'iat') ?? ('arrival' as const), account: user };
  if (!isGiven(claims, 'sid')) return { facts: [{ ...fact, what: 'signed out everywhere' }] };
  return { facts: [{ ...fact, what: 'session ended', session }] };
}

/** The answers of §2.8. An issuer may take a 202 for a failure. */
function replyOf(ours: HttpReply): HttpReply {
  const { status, body } = ours;
  if (status < 300) return { ...ours, status: 200, body: undefined };
  const error = status < 500 ? 'invalid_request' : 'temporarily_unavailable';
  const error_description = textAt(body, 'message') ?? '';
  return { ...ours, status: status < 500 ? 400 : status, body: { error, error_description } };
}
