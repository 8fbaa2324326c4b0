import * as z from 'zod/mini';
import { Platform } from '../core/account.ts';
import { Dialect } from '../core/configuration.ts';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** `http:` is for this machine only: everywhere else it would show the secret to whoever is on the way. */
const isSafe = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname));

/** Where an Account API answers. A path stays in front of the API's own; anything more has no meaning there. */
const Base = z.pipe(
  z.string(),
  z.transform((text, { issues }) => {
    const say = (message: string) => issues.push({ code: 'custom', input: text, message });
    const url = URL.parse(text);
    if (url === null) say('is not a URL');
    else if (!isSafe(url)) say('is https, or http on this machine');
    else if (url.username + url.password + url.search + url.hash !== '')
      say('has a host and perhaps a path, nothing else');
    else return url;
    return z.NEVER;
  }),
);

const Options = z.object({
  url: Base,
  app: z.string().check(z.regex(/^[!-9;-~]+$/, 'is visible ASCII without a colon, as headers need it')),
  secret: z.string().check(z.minLength(1, 'is not empty')),
  dialect: Dialect,
  authentication: z.enum(['basic', 'sign']),
  platform: z.optional(Platform),
  timeoutMs: z.int().check(z.positive()),
  connections: z._default(z.int().check(z.positive()), 8),
});

export type AccountApiClientOptions = {
  /** Such as `https://api.tpns.tencent.com`. */
  readonly url: string;
  /** The app's id there: XG's APPID, TPNS's AccessId. */
  readonly app: string;
  readonly secret: string;
  readonly dialect: Dialect;
  /** `sign` is TPNS's signature, which hosted TPNS recommends; XG has `basic` alone. */
  readonly authentication: 'basic' | 'sign';
  /** Goes with every request that does not say its own. The XG document asks for it; TPNS requests never carry it. */
  readonly platform?: Platform;
  /** For one attempt, from its start to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970: what signatures say, and what a `Retry-After` date is counted from. */
  readonly now: () => number;
  /** Connections open at a time, kept between calls. 8 unless given. */
  readonly connections?: number;
};

export type CheckedOptions = z.output<typeof Options> & Pick<AccountApiClientOptions, 'now'>;

/** Options that can work, or an error that names every one that can't. Values are not shown. */
export function checked(options: AccountApiClientOptions): CheckedOptions {
  const result = Options.safeParse(options);
  if (result.success) return { ...result.data, now: options.now };
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  throw new Error(`an Account API can't be reached with these options: ${issues.join('; ')}`);
}
