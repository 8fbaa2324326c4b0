import type { KINDS } from '../functions/events/kinds.ts';
import type { SourceKind } from '../functions/events/source.ts';
import { kind as apple } from '../functions/events/sources/apple.ts';
import { kind as auth0Logs } from '../functions/events/sources/auth0-logs.ts';
import { kind as clerk } from '../functions/events/sources/clerk.ts';
import { kind as cognito } from '../functions/events/sources/cognito.ts';
import { kind as eventbridge } from '../functions/events/sources/eventbridge.ts';
import { kind as fusionauth } from '../functions/events/sources/fusionauth.ts';
import { kind as keycloak } from '../functions/events/sources/keycloak.ts';
import { kind as logto } from '../functions/events/sources/logto.ts';
import { kind as oidcBackchannelLogout } from '../functions/events/sources/oidc-backchannel-logout.ts';
import { kind as okta } from '../functions/events/sources/okta.ts';
import { kind as sqs } from '../functions/events/sources/sqs.ts';
import { kind as ssf } from '../functions/events/sources/ssf.ts';
import { kind as standardWebhooks } from '../functions/events/sources/standard-webhooks.ts';
import { kind as stytch } from '../functions/events/sources/stytch.ts';
import { kind as supabase } from '../functions/events/sources/supabase.ts';
import { kind as workos } from '../functions/events/sources/workos.ts';
import { kind as zitadel } from '../functions/events/sources/zitadel.ts';

/**
 * All kinds of sources, by name. The deployment checks their options: a function would only fail at its cold start. They are
 * imported one by one, because a CDK app in CommonJS cannot load a module that waits for `import()`.
 */
const ALL = {
  'standard-webhooks': standardWebhooks,
  clerk,
  stytch,
  supabase,
  sqs,
  cognito,
  eventbridge,
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
} satisfies Readonly<Record<keyof typeof KINDS, SourceKind>>;

export const SOURCE_KINDS: ReadonlyMap<string, SourceKind> = new Map(Object.entries(ALL));
