import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

// Clients and operators read the default messages of schemas. Without a language zod/mini has "Invalid input" for all of
// them, and an import of its `locales` would bundle every language. All schemas of input use the names below.
z.config(en());

/** Tests that a text survives UTF-8 unchanged and has `least` to `most` bytes in it. */
const takes = (least: number, most: number) => (text: string) => {
  // A lone surrogate becomes U+FFFD on its way to the store: two different identities would become one.
  if (!text.isWellFormed()) return false;
  const bytes = Buffer.byteLength(text, 'utf8');
  return bytes >= least && bytes <= most;
};

/** Tests that a text is well-formed and has 1 to `most` bytes of UTF-8. */
export const isWithin = (most: number) => takes(1, most);

/**
 * A device token: 1 to 1,000 bytes of UTF-8. The Account API's documents allow 64 bytes, and its XG dialect keeps that
 * limit; FCM tokens are longer.
 */
export const Token = z
  .string()
  .check(z.refine(takes(1, 1000), 'a token is 1 to 1,000 bytes of text'))
  .brand<'Token', 'inout'>();
export type Token = z.infer<typeof Token>;

/** An app's name for a user: 2 to 255 bytes of UTF-8 (XG document: "greater than 1 byte"). */
export const AccountId = z
  .string()
  .check(z.refine(takes(2, 255), 'an account is 2 to 255 bytes of text'))
  .brand<'AccountId', 'inout'>();
export type AccountId = z.infer<typeof AccountId>;

/** The kind of an account's name (mobile, e-mail, …). Part of the account's identity; 0 is "unknown". */
export const AccountType = z.int().check(z.gte(0), z.lte(2_147_483_647)).brand<'AccountType', 'inout'>();
export type AccountType = z.infer<typeof AccountType>;

/** Texts that programs write where they have no value, and what Apple's SDKs print of a token that is no text. */
const NO_VALUE =
  /^(?:null|undefined|nan|-1|blacklisted|\(null\)|<null>|<nil>|\[object object\]|optional\(.*\)|0{8}-(?:0{4}-){3}0{12}|<[0-9a-f ]+>|\{ ?length ?= ?\d.*\})$/is;

/**
 * Returns the reason why a text cannot be the name of a token or an account that is bound: one account "null" would be
 * all people. Removals take such a name, because it may be bound.
 */
export function faultIn(name: string): string | undefined {
  if (/^[\s\p{Cc}]|[\s\p{Cc}]$/u.test(name)) return 'begins or ends with a blank or a control character';
  return NO_VALUE.test(name) ? 'is what a program writes where it has no value, such as "null"' : undefined;
}

const named = z.superRefine<string>((name, context) => {
  const fault = faultIn(name);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

/** Names to bind. Removals take other names too. */
export const NewToken = Token.check(named);
export const NewAccountId = AccountId.check(named);

export const Account = z.object({ type: AccountType, id: AccountId });
export type Account = z.infer<typeof Account>;

export const Platform = z.enum(['android', 'ios']);
export type Platform = z.infer<typeof Platform>;

/**
 * The one spelling of a token: APNs takes hexadecimal digits in either case, and SDKs have changed the case between
 * versions. So on iOS a token of 64 or more of them is in lower case wherever it enters.
 */
export const tokenOn = (platform: Platform, token: Token): Token =>
  // The brand is kept: letters of either case have the same length.
  platform === 'ios' && /^[0-9A-Fa-f]{64,}$/.test(token) ? (token.toLowerCase() as Token) : token;

/** An account as one string, `<type>#<id>`. It begins with a digit, so it is never a name that objects inherit (`__proto__`). */
export type AccountKey = `${number}#${string}`;

export const accountKey = (account: Account): AccountKey => `${account.type}#${account.id}`;

/** The inverse of `accountKey`. */
export const parseAccountKey = (key: AccountKey): Account => {
  const end = key.indexOf('#');
  return Account.parse({ type: Number(key.slice(0, end)), id: key.slice(end + 1) });
};
