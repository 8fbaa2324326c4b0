import type { KeyObject } from 'node:crypto';
import { type Account, type AccountType, NewAccountId } from '../core/account.ts';
import { type Session, sessionOf } from '../core/operation.ts';
import { digestOf } from '../core/stamp.ts';
import type { KeySet } from '../jwt/keys.ts';
import { type Claims, type VerifiedJwt, verified } from '../jwt/verify.ts';

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

/**
 * Returns the claims of a bearer that is signed, valid now, and lives `mostS` seconds at most. Throws `Unavailable` if its
 * key is not known.
 */
export async function bearerClaims(bearer: string, key: KeySet | KeyObject, rules: Rules): ReturnType<typeof verified> {
  const result = await verified(bearer, key, rules);
  if ('fault' in result) return result;
  const fault = faultIn(result, rules.mostS);
  return fault === undefined ? result : { fault };
}

type Rules = Parameters<typeof verified>[2] & { readonly mostS: number };

/** Returns why a JWT that is signed well is no bearer (RFC 8725 §3.11): a provider signs other things too. */
function faultIn({ claims, type = '' }: VerifiedJwt, mostS: number): string | undefined {
  if (claims.exp === undefined) return 'has no claim "exp"';
  if (claims.exp - claims.iat > mostS)
    return 'lives too long, from "iat" to "exp": a ticket may for 60 seconds, any other for 24 hours';
  if (claims['events'] !== undefined || (/\+jwt$/i.test(type) && !/\bat\+jwt$/i.test(type)))
    return 'is a JWT of another kind, such as a logout token';
  return claims['cnf'] === undefined ? undefined : 'is bound to a key ("cnf"), which nothing here checks';
}

/** The claims that name the user, and how they are read. Default of `named`: the name as it is. */
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
const claimIn = (claims: Claims, name: string): unknown =>
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
