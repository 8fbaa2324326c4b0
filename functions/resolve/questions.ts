import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import { type Account, AccountId, AccountType, accountKey, Token } from '../core/account.ts';
import { AppId } from '../core/configuration.ts';
import { eventHash } from '../core/stamp.ts';
import type { AccountRef, Place } from '../core/store.ts';
import { type Issue, wordsFor } from '../lambda/issues.ts';
import { jsonIn } from '../lambda/request.ts';

/** The most accounts, or tokens, of one question. */
const MOST_NAMES = 100;

const Apps = z.optional(z.array(AppId).check(z.minLength(1)));

const AccountName = z.strictObject({
  account: AccountId,
  account_type: z._default(AccountType, AccountType.parse(0)),
});
const NamedAccount = z.pipe(
  AccountName,
  z.transform(({ account, account_type }): Account => ({ type: account_type, id: account })),
);

const once = <T>(items: readonly T[], name: (item: T) => string): T[] => [
  ...new Map(items.map((item) => [name(item), item])).values(),
];

/** `POST /v1/resolve`: the accounts whose devices are asked for, each once. */
export const ResolveQuestion = z.strictObject({
  accounts: z.pipe(
    z.array(NamedAccount).check(z.minLength(1), z.maxLength(MOST_NAMES)),
    z.transform((accounts) => once(accounts, accountKey)),
  ),
  apps: Apps,
  cursor: z.optional(z.string()),
});

/** `POST /v1/devices`: the tokens whose accounts are asked for, each once. */
export const DevicesQuestion = z.strictObject({
  tokens: z.pipe(
    z.array(Token).check(z.minLength(1), z.maxLength(MOST_NAMES)),
    z.transform((tokens) => once(tokens, String)),
  ),
  apps: Apps,
});

/** Parses a question. Returns its faults if it has some: all with their places, none with a value. */
export function questionIn<T extends z.ZodMiniObject>(
  schema: T,
  json: unknown,
): { question: z.output<T> } | { issues: readonly Issue[] } {
  const { success, data, error } = z.safeParse(schema, json);
  if (success) return { question: data };
  const keysAt = (path: readonly PropertyKey[]) => Object.keys((path.length === 0 ? schema : AccountName).shape);
  const issues = error.issues.map((issue) => ({
    path: issue.path.join('.'),
    message: wordsFor(issue, json, keysAt),
  }));
  return { issues };
}

const Cursor = z.strictObject({ of: z.string(), account: z.int().check(z.gte(0)), after: z.optional(Token) });

/** Names a list of accounts: a cursor belongs to one. */
const nameOf = (accounts: readonly AccountRef[]): string =>
  eventHash(accounts.map(({ app, account }) => [app, accountKey(account)]));

/** Returns a place in a list of accounts as text. It may have a token in it. */
export const cursorTo = (place: Place, accounts: readonly AccountRef[]): string =>
  Buffer.from(JSON.stringify({ of: nameOf(accounts), ...place })).toString('base64url');

/** Returns the place of a cursor; undefined if it is not a cursor to this list. */
export function placeOf(cursor: string, accounts: readonly AccountRef[]): Place | undefined {
  const { success, data } = z.safeParse(Cursor, jsonIn(Buffer.from(cursor, 'base64url'))?.value);
  return success && data.of === nameOf(accounts) && data.account < accounts.length ? data : undefined;
}
