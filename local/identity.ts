import { generateKeyPairSync } from 'node:crypto';
import * as z from 'zod';
import type { Configuration } from '../functions/core/bindery-json.ts';
import { Identity, Reader } from '../functions/core/identity.ts';

/** A private key for ES256 (RFC 7518 §6.2.2), with the fields that libraries choose a key by. */
export const PrivateJwk = z.object({
  kid: z.string().default('development'),
  alg: z.literal('ES256').default('ES256'),
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
});
export type PrivateJwk = z.infer<typeof PrivateJwk>;

export const newPrivateJwk = (): PrivateJwk =>
  PrivateJwk.parse(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }));

/** The identity provider of a local instance. `npx bindery token` signs bearers in its name. */
export const DEVELOPMENT = {
  id: 'development',
  issuer: 'https://identity.bindery.invalid',
  audience: 'bindery',
} as const;

/** Adds the identity provider above, for all apps. It replaces a configured one of this id. */
export function withIdentity(configuration: Configuration, { d: _, ...key }: PrivateJwk): Configuration {
  const { id, issuer, audience } = DEVELOPMENT;
  const others = configuration.identities.filter((one) => `${one.id}` !== id);
  const apps = configuration.apps.map((app) => app.id);
  const own = { id, apps, issuer, audience: [audience], jwks: { keys: [key] }, algorithms: ['ES256'] };
  return { ...configuration, identities: [...others, Identity.parse(own)] };
}

/** Adds a reader for all apps if none is configured. */
export function withReader(configuration: Configuration): Configuration {
  if (configuration.readers.length > 0) return configuration;
  const apps = configuration.apps.map((app) => app.id);
  return { ...configuration, readers: [Reader.parse({ id: DEVELOPMENT.id, apps })] };
}
