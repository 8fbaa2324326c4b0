import type { KeyObject } from 'node:crypto';
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { type Account, type AccountType, NewAccountId } from '../core/account.ts';
import { type Session, sessionOf } from '../core/operation.ts';

import { Unavailable } from '../core/outcome.ts';
import { digestOf } from '../core/stamp.ts';
import { FUTURE_MS } from '../core/time.ts';
import type { KeySet } from './keys.ts';

/** A phone's user, as a bearer proves it. `by`: the identity or the source that vouches for it. */
export type Proof = {
  readonly account: Account;
  readonly session: Session;
  /** When the bearer was issued (ms since 1970). */
  readonly issuedMs: number;
  readonly by: string;
};

/** The fault of a bearer, for the answer, to be read after its name. It names claims and never quotes one. */
export type Fault = { readonly fault: string };

/** The claims of a verified bearer. */
type Claims = JWTPayload & { readonly iat: number };

/** `mostS`: the longest lifetime (s), from `iat` to `exp`. */
type Rules = Pick<JWTVerifyOptions, 'issuer' | 'audience'> & {
  readonly algorithms: string[];
  readonly mostS: number;
  readonly nowMs: number;
};

/**
 * Verifies a bearer with jose: its signature, `iss` and `aud` if they are asked for, `iat` and `exp`. `isUnsigned`: it is
 * one that another key may have signed. Throws `Unavailable` if its key is not known.
 */
export async function verified(
  bearer: string,
  key: KeySet | KeyObject,
  { mostS, nowMs, ...asked }: Rules,
): Promise<{ readonly claims: Claims } | (Fault & { readonly isUnsigned: boolean })> {
  const required = { requiredClaims: ['iat', 'exp'], maxTokenAge: mostS };
  const clock = { clockTolerance: FUTURE_MS / 1000, currentDate: new Date(nowMs) };
  try {
    const { payload, protectedHeader } = await jwtVerify(bearer, key, { ...asked, ...required, ...clock });
    const { iat = 0, exp = 0 } = payload;
    const fault = faultIn(payload, protectedHeader.typ) ?? (exp - iat > mostS ? LIFETIME : undefined);
    return fault === undefined ? { claims: { ...payload, iat } } : { fault, isUnsigned: false };
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    return { fault: wordsFor(error), isUnsigned: error instanceof errors.JWSSignatureVerificationFailed };
  }
}

const LIFETIME = 'lives too long, from "iat" to "exp": a ticket may for 60 seconds, any other for 24 hours';

/** Returns why a JWT that is signed well is no bearer (RFC 8725 §3.11): a provider signs other things too. */
function faultIn(payload: JWTPayload, type: string | undefined): string | undefined {
  if (payload['events'] !== undefined || (/\+jwt$/i.test(type ?? '') && !/\bat\+jwt$/i.test(type ?? '')))
    return 'is a JWT of another kind, such as a logout token';
  return payload['cnf'] === undefined ? undefined : 'is bound to a key ("cnf"), which nothing here checks';
}

/** Says an error of jose in plain words. The texts of errors may quote the bearer. */
function wordsFor(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired)
    return wordsForClaim(error);
  return error instanceof errors.JOSEError && error.code in WORDS
    ? `${WORDS[error.code]}`
    : 'is not a signed JWT, or its key cannot be used';
}

const WORDS: Readonly<Record<string, string>> = {
  [errors.JOSEAlgNotAllowed.code]: 'has an algorithm that is not allowed',
  [errors.JWSSignatureVerificationFailed.code]: 'has a signature that does not match',
  [errors.JWKSNoMatchingKey.code]: 'names a key ("kid", "alg") that is not published',
  [errors.JWKSMultipleMatchingKeys.code]: 'has no "kid", and several published keys fit',
};

function wordsForClaim({ code, claim, reason }: errors.JWTClaimValidationFailed | errors.JWTExpired): string {
  if (code === errors.JWTExpired.code) return claim === 'exp' ? 'has expired ("exp")' : LIFETIME;
  if (reason === 'missing') return `has no claim "${claim}"`;
  if (reason === 'invalid') return `has a claim "${claim}" that is not a number`;
  if (claim === 'aud' || claim === 'iss') return `has another "${claim}"`;
  return `is not valid yet ("${claim}"): the clock of its provider is ahead of ours`;
}

/** The claims that name the user, and what is made of them. Default of `named`: the name as it is. */
export type Reading = {
  readonly by: string;
  readonly account: string;
  readonly session: string;
  readonly type: AccountType;
  readonly named?: (name: string) => string;
};

/** Returns the user that the claims of a bearer name. */
export function proofOf(bearer: string, claims: Claims, reading: Reading): Proof | Fault {
  const { by, account: claim, type, named = (name) => name } = reading;
  const name = claimIn(claims, claim);
  const id = NewAccountId.safeParse(typeof name === 'string' ? named(name) : undefined).data;
  if (id === undefined) return { fault: `has no account in the claim "${claim}": a text of 2 to 255 bytes` };
  const session = claimIn(claims, reading.session) ?? sessionInstead(bearer, claims);
  if (typeof session !== 'string' || session === '' || session.length > MAX_SESSION)
    return { fault: `has a claim "${reading.session}" that is not a text of 1 to 256 characters` };
  return { account: { type, id }, session: sessionOf(session), issuedMs: msIn(claims), by };
}

const MAX_SESSION = 256;

/** Of a fraction such as .123 the product alone may be a millisecond less. */
const msIn = ({ iat }: Claims): number => Math.floor(Math.round(iat * 1_000_000) / 1_000);

/** Returns a claim; undefined if there is none. Names such as `constructor` find nothing that objects inherit. */
const claimIn = (claims: JWTPayload, name: string): unknown =>
  Object.hasOwn(claims, name) && claims[name] !== null ? claims[name] : undefined;

/**
 * The session of a bearer that names none: that of the login (`auth_time`, which a refresh keeps), or one of its own. The
 * latter is made of the part that is signed, because a signature may be written in several ways. So all copies of a
 * sign-in have one session, and a sign-out ends it.
 */
function sessionInstead(bearer: string, claims: Claims): string {
  const login = claimIn(claims, 'auth_time');
  if (login === undefined) return digestOf(bearer.slice(0, bearer.lastIndexOf('.')));
  return digestOf('auth_time', claims.iss, claims.sub, login);
}
