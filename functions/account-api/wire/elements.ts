import * as z from 'zod/mini';
import { Account, AccountId, AccountType, isWithin, Platform, Token } from '../../core/account.ts';
import type { Dialect } from '../../core/configuration.ts';

/** The most elements of each list. `tokens` is from the documents; they are silent on the others. TPNS has 36 types. */
export const LIMITS = {
  tokens: 20,
  accountsOfToken: 64,
  tokensToClear: 500,
  accountsToClear: 100,
  queried: 100,
} as const;

/** The XG document: "The character length of a token must be between 1 and 64 bytes". */
const XgToken = z
  .string()
  .check(z.refine(isWithin(64), 'a token is 1 to 64 bytes of text'))
  .brand<'Token', 'inout'>();

const UNTYPED = AccountType.parse(0);

/** An account on the wire. Default type: 0, "unknown" in both dialects' tables. */
export const AccountElement = z.object({ account: AccountId, account_type: z.optional(AccountType) });
type AccountElement = z.output<typeof AccountElement>;

export const accountIn = ({ account, account_type = UNTYPED }: AccountElement): Account => ({
  type: account_type,
  id: account,
});

/** XG's samples always have the type, TPNS's never: TPNS replies leave out type 0. */
export const elementOf = (dialect: Dialect, { type, id }: Account): AccountElement => ({
  account: id,
  ...((dialect === 'xg' || type !== UNTYPED) && { account_type: type }),
});

/** Makes a codec for each dialect. */
export const inDialects = <T>(make: (dialect: Dialect) => T): Readonly<Record<Dialect, T>> => ({
  xg: make('xg'),
  tpns: make('tpns'),
});

export const AccountElements = inDialects((dialect) =>
  z.codec(AccountElement, Account, { decode: accountIn, encode: (account) => elementOf(dialect, account) }),
);

/** A token in a request. Replies have no such limit: an app's events may bind longer tokens than its XG clients can name. */
export const RequestTokens = { xg: XgToken, tpns: Token } as const satisfies Record<Dialect, unknown>;

/** `android` or `ios` in any letter case (the documents print several). */
const XgPlatform = z.codec(z.string(), Platform, {
  decode: (text, context) => {
    const platform = Platform.safeParse(text.toLowerCase());
    if (platform.success) return platform.data;
    context.issues.push({ code: 'custom', input: text, message: 'a platform is android or ios' });
    return z.NEVER;
  },
  encode: (platform) => platform,
});

/** TPNS: the credential implies the platform; values from older clients are ignored. */
const TpnsPlatform = z.codec(z.unknown(), z.optional(Platform), { decode: () => undefined, encode: () => undefined });

export const RequestPlatforms = {
  xg: z.optional(XgPlatform),
  tpns: z.optional(TpnsPlatform),
} as const satisfies Record<Dialect, unknown>;

/** A list of 1 to `most` elements. Elements of a longer list are not checked. */
export const listOf = <T extends z.ZodMiniType>(element: T, most: number) =>
  z
    .array(element)
    .check(z.minLength(1, 'a list is not empty'), z.maxLength(most, `a list has at most ${most} elements`));

const OperatorType = z.enum(['qq', 'rtx', 'email', 'other'], 'an operator is qq, rtx, email or other');

const OperatorId = z
  .string()
  .check(z.refine((text) => text === '' || isWithin(255)(text), 'the id of an operator is at most 255 bytes of text'));

/** The operator of a request, in both dialects though only the XG document has it. */
export const operatorFields = { op_type: z.optional(OperatorType), op_id: z.optional(OperatorId) };

/** The fields that every request may have beside its list. The operator's id is personal: it is checked and not kept. */
export type Circumstances = { readonly platform?: Platform; readonly operator?: z.infer<typeof OperatorType> };

type CircumstanceFields = { platform?: Platform | undefined; op_type?: Circumstances['operator'] | undefined };

export const circumstancesOf = ({ platform, op_type: operator }: CircumstanceFields): Circumstances => ({
  ...(platform && { platform }),
  ...(operator && { operator }),
});

export const fieldsOf = ({ platform, operator }: Circumstances): CircumstanceFields => ({
  ...(platform && { platform }),
  ...(operator && { op_type: operator }),
});

/** The list of a request of either endpoint. */
type Listed =
  | { readonly elements: readonly unknown[] }
  | { readonly tokens: readonly unknown[] }
  | { readonly accounts: readonly unknown[] };

/** Returns the number of elements in a request of either endpoint. */
export function sizeOf(request: Listed): number {
  if ('tokens' in request) return request.tokens.length;
  return 'accounts' in request ? request.accounts.length : request.elements.length;
}
