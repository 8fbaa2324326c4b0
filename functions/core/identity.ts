import * as z from 'zod/mini';
import { AccountType } from './account.ts';
import { AccountApiUrl, AppId, Id, Transform } from './configuration.ts';

const IdentityId = Id.brand<'IdentityId', 'inout'>();

/**
 * Signatures of bearers that are accepted. All are asymmetric: with a symmetric one, the published key of an RSA signature
 * would be a secret that everyone knows (RFC 8725 §2.1).
 */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

/** A public key (RFC 7517 §4). Others of its parameters are kept. */
const PublicKey = z
  .looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']), kid: z.optional(z.string()) })
  .check(z.refine((key) => !('d' in key), 'is a private key: give its public part only, without "d"'));

const Claim = z.string().check(z.regex(/^[A-Za-z0-9_:/.-]{1,128}$/, 'a claim is 1 to 128 letters, digits or _:/.-'));

const OneAudience = z.string().check(z.minLength(1), z.maxLength(512));

/** One audience or several, as a list. */
const Audience = z.pipe(
  z.union([OneAudience, z.array(OneAudience).check(z.minLength(1))], 'must be a text or a list of texts'),
  z.transform((given) => [given].flat()),
);

/** An issuer of JWTs. `jwks`: its keys, or their URL. Default: the one that its discovery document names, on its own host. */
export const issuerOptions = {
  /** The claim `iss`, letter for letter. */
  issuer: z.string().check(z.minLength(1), z.maxLength(512)),
  /** The claim `aud` has one of these. */
  audience: Audience,
  jwks: z.optional(z.union([AccountApiUrl, z.strictObject({ keys: z.array(PublicKey).check(z.minLength(1)) })])),
  algorithms: z._default(z.array(z.enum(ALGORITHMS)).check(z.minLength(1)), ['RS256', 'PS256', 'ES256', 'EdDSA']),
};

/** An identity provider whose access or ID tokens (bearers) phones sign in with. Several may serve one app. */
export const Identity = z
  .strictObject({
    id: IdentityId,
    apps: z.array(AppId).check(z.minLength(1)),
    ...issuerOptions,
    /** The claims that name the account and the login session. */
    account: z._default(Claim, 'sub'),
    session: z._default(Claim, 'sid'),
    accountType: z._default(AccountType, AccountType.parse(0)),
    transform: z.optional(Transform),
  })
  .check(
    z.refine(({ issuer, jwks }) => jwks !== undefined || AccountApiUrl.safeParse(issuer).success, {
      path: ['jwks'],
      message: 'is missing: without it "issuer" must be an https URL, whose discovery document names the keys',
    }),
  );
export type Identity = z.infer<typeof Identity>;

export const ReaderId = Id.brand<'ReaderId', 'inout'>();
export type ReaderId = z.infer<typeof ReaderId>;

/** A service that asks which devices an account has, in the apps named here. */
export const Reader = z.strictObject({ id: ReaderId, apps: z.array(AppId).check(z.minLength(1)) });
export type Reader = z.infer<typeof Reader>;
