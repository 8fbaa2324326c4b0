import { errors, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod/mini';
import { Identity } from '../core/identity.ts';
import { Unavailable } from '../core/outcome.ts';
import type { KeySet } from '../devices/keys.ts';

// Only kinds with published keys import this file: it loads jose.

const { issuer, audience, jwks, algorithms } = Identity.shape;

/** The options of a kind whose requests an issuer signs: as those of an entry of `identities`. */
export const issuerOptions = { issuer, audience, jwks, algorithms };
const Issuer = z.strictObject(issuerOptions);

/** The farthest that an issuer's clock may be ahead of ours (s). */
const TOLERANCE_S = 5;

type Rules = Pick<z.infer<typeof Issuer>, 'issuer' | 'audience' | 'algorithms'> & {
  readonly nowMs: number;
  /** The greatest age (s). Default: any, for tokens that are sent again for days. */
  readonly mostS?: number;
  /** Takes it also after `exp`: it tells of the past, and what it tells stays true. */
  readonly isHistory?: boolean;
};

/** `claim`: the one that is wrong. */
type Refusal = { readonly fault: string; readonly claim?: string };

/**
 * Verifies a JWT that an issuer signed: its signature, algorithm, `iss`, `aud`, and `exp` and `nbf` if it has them. It must
 * have `iat`. Rejects with `Unavailable` while the issuer's keys cannot be read.
 */
export async function claimsIn(
  token: string,
  keys: KeySet,
  { nowMs, mostS, isHistory = false, issuer, audience, algorithms }: Rules,
): Promise<{ readonly claims: JWTPayload } | Refusal> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms,
      requiredClaims: ['iat'],
      clockTolerance: TOLERANCE_S,
      currentDate: new Date(nowMs),
      ...(mostS !== undefined && { maxTokenAge: mostS }),
    });
    return { claims: payload };
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    // jose tests `exp` after the signature and all other claims.
    if (isHistory && error instanceof errors.JWTExpired && error.claim === 'exp') return { claims: error.payload };
    return refusalOf(error);
  }
}

/** The texts of jose's errors may quote the token; their codes and names of claims do not. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired)
    return { fault: `the token's claim "${error.claim}" is refused: ${error.reason}`, claim: error.claim };
  return { fault: `the token is refused: ${error instanceof errors.JOSEError ? error.code : 'is no signed JWT'}` };
}
