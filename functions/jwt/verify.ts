import type { KeyObject } from 'node:crypto';
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { Unavailable } from '../core/outcome.ts';
import { FUTURE_MS } from '../core/time.ts';
import type { KeySet } from './keys.ts';

/** The claims of a verified JWT. */
export type Claims = JWTPayload & { readonly iat: number };

export type VerifiedJwt = { readonly claims: Claims; readonly type: string | undefined };

type Rules = Pick<JWTVerifyOptions, 'issuer' | 'audience'> & {
  readonly algorithms: string[];
  readonly nowMs: number;
  /** The greatest age (s). Default: any, also a time ahead, for tokens that are sent again for days. */
  readonly mostS?: number;
  /** Takes it also after `exp`, because it reports the past. */
  readonly isHistory?: boolean;
};

/**
 * A fault, to be read after the name of the token; it never quotes a claim's value. `claim`: the one that is wrong.
 * `isUnsigned`: another key may have signed it.
 */
type Refusal = { readonly fault: string; readonly claim?: string; readonly isUnsigned?: boolean };

/**
 * Verifies a JWT with jose: its signature, its algorithm, `iss` and `aud` if they are asked for, `iat`, which it must have,
 * and `exp` and `nbf` if it has them. Rejects with `Unavailable` while its key is not known.
 */
export async function verified(
  token: string,
  key: KeySet | KeyObject,
  { nowMs, mostS, isHistory = false, ...asked }: Rules,
): Promise<VerifiedJwt | Refusal> {
  const clock = {
    clockTolerance: FUTURE_MS / 1000,
    currentDate: new Date(nowMs),
    ...(mostS && { maxTokenAge: mostS }),
  };
  try {
    const { payload, protectedHeader } = await jwtVerify(token, key, { ...asked, ...clock, requiredClaims: ['iat'] });
    return { claims: withTime(payload), type: protectedHeader.typ };
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    // jose tests `exp` after the signature and all other claims.
    if (isHistory && error instanceof errors.JWTExpired && error.claim === 'exp')
      return { claims: withTime(error.payload), type: undefined };
    return refusalOf(error, mostS);
  }
}

/** jose has tested that there is one. */
const withTime = (payload: JWTPayload): Claims => ({ ...payload, iat: payload.iat ?? 0 });

/** Says an error of jose in plain words. The texts of errors may quote the token. */
function refusalOf(error: unknown, mostS: number | undefined): Refusal {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired)
    return { fault: wordsForClaim(error, mostS), claim: error.claim };
  const isUnsigned = error instanceof errors.JWSSignatureVerificationFailed;
  const words = error instanceof errors.JOSEError ? WORDS[error.code] : undefined;
  return { fault: words ?? 'is not a signed JWT, or its key cannot be used', isUnsigned };
}

const WORDS: Readonly<Record<string, string>> = {
  [errors.JOSEAlgNotAllowed.code]: 'has an algorithm that is not allowed',
  [errors.JWSSignatureVerificationFailed.code]: 'has a signature that does not match',
  [errors.JWKSNoMatchingKey.code]: 'names a key ("kid", "alg") that is not published',
  [errors.JWKSMultipleMatchingKeys.code]: 'has no "kid", and several published keys fit',
};

type ClaimError = errors.JWTClaimValidationFailed | errors.JWTExpired;

function wordsForClaim({ code, claim, reason }: ClaimError, mostS: number | undefined): string {
  if (code === errors.JWTExpired.code)
    return claim === 'exp' ? 'has expired ("exp")' : `is older than ${mostS} seconds ("iat")`;
  if (reason === 'missing') return `has no claim "${claim}"`;
  if (reason === 'invalid') return `has a claim "${claim}" that is not a number`;
  if (claim === 'aud' || claim === 'iss') return `has another "${claim}"`;
  return `is not valid yet ("${claim}"): the clock of its issuer is ahead of ours`;
}
