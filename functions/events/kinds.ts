import type { SourceKind } from './source.ts';

type Loader = () => Promise<{ readonly kind: SourceKind }>;

/**
 * Every kind of source, by its name in the configuration. A kind that no source has is never evaluated: `import()` runs
 * its file, also in a bundle. `infra/source-kinds.ts` has the same names.
 */
export const KINDS = {
  'standard-webhooks': () => import('./sources/standard-webhooks.ts'),
  clerk: () => import('./sources/clerk.ts'),
  stytch: () => import('./sources/stytch.ts'),
  supabase: () => import('./sources/supabase.ts'),
  sqs: () => import('./sources/sqs.ts'),
  cognito: () => import('./sources/cognito.ts'),
  eventbridge: () => import('./sources/eventbridge.ts'),
  'oidc-backchannel-logout': () => import('./sources/oidc-backchannel-logout.ts'),
  ssf: () => import('./sources/ssf.ts'),
  apple: () => import('./sources/apple.ts'),
  'auth0-logs': () => import('./sources/auth0-logs.ts'),
  keycloak: () => import('./sources/keycloak.ts'),
  okta: () => import('./sources/okta.ts'),
  workos: () => import('./sources/workos.ts'),
  logto: () => import('./sources/logto.ts'),
  zitadel: () => import('./sources/zitadel.ts'),
  fusionauth: () => import('./sources/fusionauth.ts'),
} satisfies Readonly<Record<string, Loader>>;

/** Loads a kind. Throws if there is none of this name; the deployment has refused it before. */
export async function kindNamed(name: string): Promise<SourceKind> {
  const load = new Map<string, Loader>(Object.entries(KINDS)).get(name);
  if (load === undefined) throw new Error(`there is no kind of source "${name}"`);
  return (await load()).kind;
}
