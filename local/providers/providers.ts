import type { Configuration } from '../../functions/core/bindery-json.ts';
import { Source } from '../../functions/core/configuration.ts';
import { SOURCE_KINDS } from '../../infra/source-kinds.ts';
import type { PrivateJwk } from '../identity.ts';
import { apple } from './apple.ts';
import { auth0Logs } from './auth0-logs.ts';
import { clerk } from './clerk.ts';
import { cognito } from './cognito.ts';
import { eventbridge } from './eventbridge.ts';
import { fusionauth } from './fusionauth.ts';
import { keycloak } from './keycloak.ts';
import { logto } from './logto.ts';
import { oidcBackchannelLogout } from './oidc-backchannel-logout.ts';
import { okta } from './okta.ts';
import type { Provider } from './provider.ts';
import { sqs } from './sqs.ts';
import { ssf } from './ssf.ts';
import { stytch } from './stytch.ts';
import { supabase } from './supabase.ts';
import { workos } from './workos.ts';
import { zitadel } from './zitadel.ts';

/** The stand-in of each kind of provider, by the kind's name. */
export const PROVIDERS: Readonly<Record<string, Provider>> = {
  clerk,
  stytch,
  supabase,
  sqs,
  eventbridge,
  cognito,
  'oidc-backchannel-logout': oidcBackchannelLogout,
  ssf,
  apple,
  'auth0-logs': auth0Logs,
  keycloak,
  okta,
  workos,
  logto,
  zitadel,
  fusionauth,
};

/** The kinds that get a source under their own name: no configured source has it as id. */
export const providersFor = (sources: Configuration['sources']): string[] =>
  [...SOURCE_KINDS.keys()].filter((kind) => !sources.some(({ id }) => `${id}` === kind));

/** Adds a source of every kind, under the kind's name, for all apps. `privateJwk`: the key of the local issuer. */
export function withEveryKind(configuration: Configuration, { d: _, ...publicJwk }: PrivateJwk): Configuration {
  const apps = configuration.apps.map((app) => app.id);
  const added = providersFor(configuration.sources).map((kind) =>
    Source.parse({ id: kind, kind, apps, options: PROVIDERS[kind]?.options?.(publicJwk) ?? {} }),
  );
  return { ...configuration, sources: [...configuration.sources, ...added] };
}
