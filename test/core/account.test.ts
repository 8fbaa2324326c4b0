import { expect, test } from 'vitest';
import { Account, AccountId, AccountType, accountKey, parseAccountKey, Token } from '../../functions/core/account.ts';
import { account } from '../world/examples.ts';

const accepts = (schema: typeof Token | typeof AccountId | typeof AccountType, value: unknown) =>
  schema.safeParse(value).success;

test('a token takes 1 to 1,000 bytes, not characters, and no lone surrogate: it would not survive UTF-8', () => {
  expect(accepts(Token, '')).toBe(false);
  expect(accepts(Token, 'a')).toBe(true);
  expect(accepts(Token, 'é'.repeat(500))).toBe(true);
  expect(accepts(Token, `${'é'.repeat(500)}a`)).toBe(false);
  expect(accepts(Token, 'a\ud800')).toBe(false);
  expect(accepts(Token, '\u{1f511}')).toBe(true);
});

test('an account has a name of 2 to 255 bytes', () => {
  expect(accepts(AccountId, 'a')).toBe(false);
  expect(accepts(AccountId, 'é')).toBe(true);
  expect(accepts(AccountId, 'a'.repeat(255))).toBe(true);
  expect(accepts(AccountId, 'a'.repeat(256))).toBe(false);
  expect(accepts(AccountId, 'a\udc00')).toBe(false);
});

test('an account has a type that is a whole number from 0 to 2,147,483,647', () => {
  for (const type of [0, 1, 2_147_483_647]) expect(accepts(AccountType, type)).toBe(true);
  for (const type of [-1, 1.5, 2_147_483_648, Number.NaN, '0']) expect(accepts(AccountType, type)).toBe(false);
});

test('an account is another account when its type differs', () => {
  expect(accountKey(account('alice'))).not.toBe(accountKey(account('alice:1')));
});

test.each(['alice', 'a#b', '#1', '##', '1#', '__proto__', 'constructor', 'ключ', '\u{1f511}', ' x '])(
  'the key of an account is read back as the account it was made of: %s',
  (id) => {
    const one = Account.parse({ type: 12, id });
    expect(parseAccountKey(accountKey(one))).toEqual(one);
  },
);

test('the key of an account begins with a digit, so it is never a name that objects inherit', () => {
  expect(accountKey(account('__proto__'))).toMatch(/^\d/);
  expect(accountKey(account('__proto__')) in {}).toBe(false);
});
