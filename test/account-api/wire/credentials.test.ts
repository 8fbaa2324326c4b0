import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { appSecret, credentialIn, isProven, signatureOf } from '../../../functions/account-api/wire/credentials.ts';

// The public sample of https://tencentcloud.com/document/api/1024/34213.
const SECRET = '1452fcebae9f3115ba794fb0fff2fd73';
const APP = '1500001048';
const TIMESTAMP = '1565314789';
const BODY_A =
  '{"audience_type": "account","platform": "android","message": {"title": "test title","content": "test content","android": { "action": {"action_type": 3,"intent": "xgscheme://com.xg.push/notify_detail?param1=xg"}}},"message_type": "notify","account_list": ["5822f0eee44c3625ef0000bb"] }';
const SIGN_A = 'Y2QyMDc3NDY4MmJmNzhiZmRiNDNlMTdkMWQ1ZDU2YjNlNWI3ODlhMTY3MGZjMTUyN2VmNTRjNjVkMmQ3Yjc2ZA==';

const { key } = appSecret(SECRET);
const hexOf = (sign: string) => Buffer.from(sign, 'base64').toString('utf8');

test('the signature of the published sample is the published one', () => {
  const sign = signatureOf(key, { timestamp: TIMESTAMP, app: APP, body: BODY_A });
  expect(hexOf(sign)).toBe('cd20774682bf78bfdb43e17d1d5d56b3e5b789a1670fc1527ef54c65d2d7b76d');
  expect(sign).toBe(SIGN_A);
});

test('a signature covers the bytes of the body, also if they are not text', () => {
  const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]);
  const hex = createHmac('sha256', SECRET)
    .update(Buffer.concat([Buffer.from(`${TIMESTAMP}${APP}`), bytes]))
    .digest('hex');
  expect(hexOf(signatureOf(key, { timestamp: TIMESTAMP, app: APP, body: bytes }))).toBe(hex);
});

const attempt = { body: Buffer.from(BODY_A), nowMs: Number(TIMESTAMP) * 1000, windowMs: 600_000 };
const headers = { accessid: APP, timestamp: TIMESTAMP, sign: SIGN_A };
const passes = (given: Readonly<Record<string, string>>, at: Partial<typeof attempt> = {}) => {
  const credential = credentialIn(given);
  return credential !== undefined && isProven(credential, [appSecret(SECRET)], { ...attempt, ...at });
};

/** Every text that differs from this one in a single bit. */
const flips = (text: string): string[] =>
  [...text].flatMap((_, at) =>
    [1, 2, 4, 8, 16, 32, 64].map(
      (bit) => text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ bit) + text.slice(at + 1),
    ),
  );

test('a request with the published signature is accepted', () => {
  expect(passes(headers)).toBe(true);
});

test.each(['sign', 'timestamp', 'accessid'] as const)('a request with any bit of its %s changed is refused', (name) => {
  expect(flips(headers[name]).filter((text) => passes({ ...headers, [name]: text }))).toEqual([]);
});

test('a request with any bit of its body changed is refused', () => {
  const changed = [...attempt.body].flatMap((byte, at) =>
    [1, 2, 4, 8, 16, 32, 64, 128].map((bit) => {
      const body = Buffer.from(attempt.body);
      body[at] = byte ^ bit;
      return body;
    }),
  );
  expect(changed.filter((body) => passes(headers, { body }))).toEqual([]);
});

test.each([
  ['nothing', ''],
  ['the hexadecimal digits themselves', hexOf(SIGN_A)],
  ['the base64 of the raw digest', Buffer.from(hexOf(SIGN_A), 'hex').toString('base64')],
  ['upper-case digits', Buffer.from(hexOf(SIGN_A).toUpperCase()).toString('base64')],
  ['no padding', SIGN_A.replaceAll('=', '')],
  ['the header sent twice', `${SIGN_A}, ${SIGN_A}`],
  ['a signature and more', `${SIGN_A}AAAA`],
])('a request with %s as its Sign is refused', (_, sign) => {
  expect(passes({ ...headers, sign })).toBe(false);
});

test('a signature is valid up to 600 seconds before and after our time, and no longer', () => {
  const from = (ms: number) => passes(headers, { nowMs: attempt.nowMs + ms });
  expect([-600_001, -600_000, 0, 600_000, 600_001].map(from)).toEqual([false, true, true, true, false]);
});

test.each([
  '123abc',
  ' 1565314789',
  '1565314789 ',
  '+1565314789',
  '1.5653148e9',
  '1565314789.0',
  '0x5d4cd4e5',
  '',
  '01565314789',
  '１５６５３１４７８９',
])('a request with the signed TimeStamp "%s" is refused', (timestamp) => {
  const sign = signatureOf(key, { timestamp, app: APP, body: BODY_A });
  expect(passes({ accessid: APP, timestamp, sign })).toBe(false);
});

const basic = (text: string, scheme = 'Basic') => ({
  authorization: `${scheme} ${Buffer.from(text).toString('base64')}`,
});

test('a credential is accepted with its secret, in any letter case of the scheme', () => {
  expect(passes(basic(`${APP}:${SECRET}`))).toBe(true);
  expect(passes(basic(`${APP}:${SECRET}`, 'bAsIc'))).toBe(true);
});

test('a credential ends its app at the first colon, so that a secret may have colons', () => {
  const credential = credentialIn(basic('app:a:b:c'));
  expect(credential?.app).toBe('app');
  expect(credential && isProven(credential, [appSecret('a:b:c')], attempt)).toBe(true);
});

test('a credential with any bit changed names another app or is refused', () => {
  const { authorization } = basic(`${APP}:${SECRET}`);
  const changed = flips(authorization.slice('Basic '.length)).map((text) => ({ authorization: `Basic ${text}` }));
  expect(changed.filter((given) => passes(given) && credentialIn(given)?.app === APP)).toEqual([]);
});

test.each([
  ['the scheme alone', 'Basic'],
  ['no colon', `Basic ${Buffer.from('app').toString('base64')}`],
  ['no base64', 'Basic %%%'],
  ['base64 of the other alphabet', `Basic ${Buffer.from('???>>>:~~~').toString('base64url')}`],
  ['base64 with a line break', `Basic ${Buffer.from('app:secret').toString('base64')}\n`],
  ['another scheme', `Bearer ${Buffer.from('app:secret').toString('base64')}`],
  ['nothing', ''],
])('a header with %s has no credential', (_, authorization) => {
  expect(credentialIn({ authorization })).toBeUndefined();
});

const credential = credentialIn(headers);

test('either of two live secrets proves a request, in any order', () => {
  const [live, other] = [appSecret(SECRET), appSecret('another secret')];
  expect(credential && isProven(credential, [other, live], attempt)).toBe(true);
  expect(credential && isProven(credential, [live, other], attempt)).toBe(true);
  expect(credential && isProven(credential, [other], attempt)).toBe(false);
  expect(credential && isProven(credential, [], attempt)).toBe(false);
});

test('every secret is compared, also after a match', () => {
  const looked: string[] = [];
  const watched = (name: string) => ({
    ...appSecret(SECRET),
    get key() {
      looked.push(name);
      return key;
    },
  });
  expect(credential && isProven(credential, [watched('newest'), watched('older')], attempt)).toBe(true);
  expect(looked).toEqual(['newest', 'older']);
});

test('an empty secret is refused, and throws when it is read', () => {
  expect(passes(basic(`${APP}:`))).toBe(false);
  expect(() => appSecret('')).toThrow('not be empty');
});

test('a signature alone decides if a request has Basic authentication too', () => {
  const authorization = `Basic ${Buffer.from(`other:${SECRET}`).toString('base64')}`;
  expect(credentialIn({ ...headers, authorization })).toMatchObject({ kind: 'signature', app: APP });
  expect(passes({ ...headers, sign: 'wrong', authorization })).toBe(false);
});
