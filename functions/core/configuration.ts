import * as z from 'zod/mini';
import { AccountType, Platform } from './account.ts';

/** An id that is safe in a URL, a key, a log and the user name of Basic authentication. */
export const Id = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'an id is 1 to 64 letters, digits, "-" or "_"'));

export const AppId = Id.brand<'AppId', 'inout'>();
export type AppId = z.infer<typeof AppId>;

export const SourceId = Id.brand<'SourceId', 'inout'>();
export type SourceId = z.infer<typeof SourceId>;

/** The spelling of the Account API that an app's clients use. */
export const Dialect = z.enum(['xg', 'tpns']);
export type Dialect = z.infer<typeof Dialect>;

/**
 * The accounts a token may hold. `many`: any number; an overriding bind replaces them all (as the XG document shows).
 * `one-per-type`: one account of each type, the latest wins (TPNS's pages, since 2020-10-26).
 */
export const Policy = z.enum(['many', 'one-per-type']);
export type Policy = z.infer<typeof Policy>;

/** The policy of the hosted service whose dialect it is. */
const DEFAULT_POLICIES: Readonly<Record<Dialect, Policy>> = { xg: 'many', tpns: 'one-per-type' };

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** The URL of an Account API: a host, and perhaps a path that precedes the API's own paths. */
export const AccountApiUrl = z.string().check(
  z.superRefine((text, { addIssue }) => {
    const fault = faultIn(URL.parse(text));
    if (fault !== undefined) addIssue({ code: 'custom', message: fault });
  }),
);

/** Returns why a URL does not keep a secret: `http:` is for this machine only, because it sends the secret unencrypted. */
function faultIn(url: URL | null): string | undefined {
  if (url === null) return 'is not a URL';
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname));
  if (!isSafe) return 'must be https, or http on this machine';
  if (url.username + url.password + url.search + url.hash === '') return undefined;
  return 'must have a host, perhaps a path, and nothing else';
}

/**
 * A hosted Account API that Bindery keeps equal to the registry or, in mode `observe`, only compares with it. `app` is
 * this app's id at the hosted API.
 */
export const Mirror = z
  .strictObject({
    url: AccountApiUrl,
    app: Id,
    dialect: Dialect,
    mode: z._default(z.enum(['mirror', 'observe']), 'mirror'),
    /** Default: `sign` for TPNS, which recommends it, and `basic` for XG, which has no other. */
    authentication: z.optional(z.enum(['basic', 'sign'])),
    /** The longest time a call may be on its way (s). A query counts only if it is later than that after the push. */
    settleS: z._default(z.int().check(z.gte(1), z.lte(900)), 60),
    /** The most calls a second: so many to push, and as many again to query. */
    callsPerS: z._default(z.number().check(z.positive(), z.lte(1000)), 20),
    /** Its replies to queries have no account types, as in TPNS's older document. */
    untyped: z._default(z.boolean(), false),
    /** Requests of the app's clients to other paths, such as pushes, go on to it unchanged. */
    passThrough: z._default(z.boolean(), false),
  })
  .check(
    z.refine(({ dialect, authentication }) => dialect === 'tpns' || authentication !== 'sign', {
      path: ['authentication'],
      message: 'XG has no signature: use "basic"',
    }),
  );
export type Mirror = z.infer<typeof Mirror>;

/** The most executions of `mirror`, and of `verify`, that one mirror has. They share its calls a second. */
export const MIRROR_EXECUTIONS = 4;

/** One registration of an app with a push service: its clients' dialect, its policy and its platform. */
export const App = z
  .pipe(
    z.strictObject({
      id: AppId,
      dialect: Dialect,
      policy: z.optional(Policy),
      platform: Platform,
      mirror: z.optional(Mirror),
    }),
    z.transform((app) => ({ ...app, policy: app.policy ?? DEFAULT_POLICIES[app.dialect] })),
  )
  .check(
    z.refine((app) => app.mirror?.dialect !== 'tpns' || app.policy === 'one-per-type', {
      path: ['policy'],
      // https://www.tencentcloud.com/document/product/1024/33768: one account of each type on a token since 2020-10-26.
      message: 'hosted TPNS keeps one account of each type: its mirror needs the policy "one-per-type"',
    }),
    z.refine(
      ({ id, dialect, mirror }) => !mirror?.passThrough || (mirror.app === `${id}` && mirror.dialect === dialect),
      {
        path: ['mirror', 'passThrough'],
        message: 'requests go on with their own credential: the app needs the same id and dialect at the hosted API',
      },
    ),
  );
export type App = z.infer<typeof App>;

/** The changes that make an account of a provider's name for it: first the case, then the prefix. */
export const Transform = z.strictObject({
  lowerCase: z._default(z.boolean(), false),
  prefix: z._default(z.string().check(z.maxLength(64)), ''),
});
export type Transform = z.infer<typeof Transform>;

/** Returns the account for a provider's name of it. Default: the name. */
export const transformed = (name: string, transform?: Transform): string =>
  transform === undefined ? name : transform.prefix + (transform.lowerCase ? name.toLowerCase() : name);

/**
 * A sender of auth events and the apps that they reach. Its kind (functions/events/kinds.ts) decides how it signs and
 * writes them, which `options` it takes, and which of a provider's fields can be the `account`.
 */
export const Source = z.strictObject({
  id: SourceId,
  kind: Id,
  apps: z.array(AppId).check(z.minLength(1)),
  options: z._default(z.record(z.string(), z.unknown()), {}),
  account: z.optional(Id),
  accountType: z._default(AccountType, AccountType.parse(0)),
  transform: z.optional(Transform),
  /** Phones may redeem tickets that this source signed, at `/devices/{app}/sign-in`. */
  tickets: z._default(z.boolean(), false),
});
export type Source = z.infer<typeof Source>;
