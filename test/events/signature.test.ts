import { Buffer } from 'node:buffer';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { TOLERANCE_S, verified, webhookKey } from '../../functions/events/signature.ts';
import { signature as signedBy } from '../world/signer.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const AT_S = 1614265330;
const BODY = Buffer.from('{"test": 2432232314}');
// Standard Webhooks' own vector (libraries/javascript/src/webhook.test.ts).
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
const keys = [webhookKey(SECRET)];
/** The vector in a spelling that decodes to the same bytes: it ends in `E=`, whose last two bits a decoder ignores. */
const RESPELT = SIGNATURE.replace(/E=$/, 'F=');

type Parts = { id?: string; at?: string; signature?: string; body?: Buffer };
const request = ({ id = ID, at = String(AT_S), signature = SIGNATURE, body = BODY }: Parts = {}) => ({
  headers: { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature },
  body,
});

/** The id of a genuine message, or undefined. */
function verifiedId(...given: Parameters<typeof verified>): string | undefined {
  const verdict = verified(...given);
  return 'id' in verdict ? verdict.id : undefined;
}

test.each([
  [SECRET, ID, 1614265330, '{"test": 2432232314}', SIGNATURE],
  [
    OTHER,
    'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk',
    1649367553,
    '{"email":"test@example.com","username":"test_user"}',
    'v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=',
  ],
])("a signature of the specification's own vectors is accepted (%s)", (secret, id, at, body, signature) => {
  const signed = request({ id, at: String(at), signature, body: Buffer.from(body) });
  expect(verifiedId(signed, [webhookKey(secret)], at * 1000)).toBe(id);
});

test("a signature made by the standard's own library is accepted", () => {
  const at = new Date(AT_S * 1000);
  const signature = new Webhook(SECRET).sign(ID, at, BODY.toString());
  expect(verifiedId(request({ signature }), keys, at.getTime())).toBe(ID);
});

test('a signature covers every bit of the body, the id and the time', () => {
  for (let bit = 0; bit < BODY.length * 8; bit++) {
    const body = Buffer.from(BODY);
    body.writeUInt8(body.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(verifiedId(request({ body }), keys, AT_S * 1000)).toBeUndefined();
  }
  expect(verifiedId(request({ id: `${ID}x` }), keys, AT_S * 1000)).toBeUndefined();
  expect(verifiedId(request({ at: String(AT_S + 1) }), keys, AT_S * 1000)).toBeUndefined();
});

test('a signature is verified over raw bytes, also if they are not UTF-8', () => {
  const body = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
  const signature = signedBy(SECRET, ID, String(AT_S), body);
  expect(verifiedId(request({ signature, body }), keys, AT_S * 1000)).toBe(ID);
});

test('a signature with either live secret is accepted, alone or in a list, in any order', () => {
  const both = [webhookKey(OTHER), webhookKey(SECRET)];
  const other = signedBy(OTHER, ID, String(AT_S), BODY);
  for (const signature of [SIGNATURE, other, `${other} ${SIGNATURE}`, `v1a,xxxx v1,AAAA ${SIGNATURE}`])
    expect(verifiedId(request({ signature }), both, AT_S * 1000)).toBe(ID);
  expect(verifiedId(request({ signature: other }), keys, AT_S * 1000)).toBeUndefined();
});

test.each([
  '',
  'v1,',
  'v1',
  SIGNATURE.slice(3),
  `v2,${SIGNATURE.slice(3)}`,
  `${SIGNATURE}AAAA`,
  SIGNATURE.slice(0, -8),
  RESPELT,
])('the signature "%s" is refused', (signature) => {
  expect(verifiedId(request({ signature }), keys, AT_S * 1000)).toBeUndefined();
});

test('a signature with other spare bits in its last letter decodes to the same bytes', () => {
  const bytes = (signature: string) => Buffer.from(signature.slice(3), 'base64');
  expect(bytes(RESPELT)).toEqual(bytes(SIGNATURE));
  expect(RESPELT).not.toBe(SIGNATURE);
});

test('a signature is valid for five minutes both ways, and no longer', () => {
  for (const seconds of [-TOLERANCE_S, 0, TOLERANCE_S])
    expect(verifiedId(request(), keys, (AT_S + seconds) * 1000)).toBe(ID);
  for (const seconds of [-TOLERANCE_S - 1, TOLERANCE_S + 1])
    expect(verifiedId(request(), keys, (AT_S + seconds) * 1000)).toBeUndefined();
});

test.each([`${AT_S}.75`, `${AT_S}abc`, ` ${AT_S}`, '1e9', `0${AT_S}`, ''])(
  'a signature over the time "%s" is refused',
  (at) => {
    const signature = signedBy(SECRET, ID, at, BODY);
    expect(verifiedId(request({ at, signature }), keys, AT_S * 1000)).toBeUndefined();
  },
);

test('a signature is accepted whatever letters its base64 begins with, such as those of a version', () => {
  const ids = Array.from({ length: 2000 }, (_, i) => `msg_${i}`);
  const signatures = ids.map((id) => ({ id, signature: signedBy(SECRET, id, String(AT_S), BODY) }));
  expect(signatures.some(({ signature }) => /^v1,v\d/.test(signature))).toBe(true);
  const refused = signatures.filter(({ id, signature }) => !verifiedId(request({ id, signature }), keys, AT_S * 1000));
  expect(refused).toEqual([]);
});

test.each(['evt:123/abc=', 'msg~a+b', '!', 'x'.repeat(256)])('a signature with the id "%s" is accepted', (id) => {
  const signature = signedBy(SECRET, id, String(AT_S), BODY);
  expect(verifiedId(request({ id, signature }), keys, AT_S * 1000)).toBe(id);
});

test.each(['a.b', '', 'x'.repeat(257), 'ümlaut', 'a b', 'a\u007f'])('a signature with the id "%s" is refused', (id) => {
  const signature = signedBy(SECRET, id, String(AT_S), BODY);
  expect(verifiedId(request({ id, signature }), keys, AT_S * 1000)).toBeUndefined();
});

test('a signature is refused without a key, and without headers', () => {
  expect(verifiedId(request(), [], AT_S * 1000)).toBeUndefined();
  expect(verifiedId({ headers: {}, body: BODY }, keys, AT_S * 1000)).toBeUndefined();
});

test("Svix's names of the headers are the same scheme, and Standard Webhooks' names win where both are there", () => {
  const { headers, body } = request();
  const svix = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.replace('webhook', 'svix'), value]),
  );
  expect(verified({ headers: svix, body }, keys, AT_S * 1000)).toEqual({ id: ID });
  expect(verified({ headers: { ...svix, 'webhook-id': 'other' }, body }, keys, AT_S * 1000)).toEqual({
    fault: 'webhook-timestamp, webhook-signature are missing',
  });
});

test.each([', ', ',', '  '])('signatures may be joined by "%s"', (joint) => {
  const other = signedBy(OTHER, ID, String(AT_S), BODY);
  for (const signature of [`${other}${joint}${SIGNATURE}`, `${SIGNATURE}${joint}v1a,xxxx`])
    expect(verifiedId(request({ signature }), keys, AT_S * 1000)).toBe(ID);
});

const BEHIND = 'webhook-timestamp is 600 seconds behind our clock; 300 are allowed';
test.each<[string, object, object]>([
  ['a header that is missing', { 'webhook-id': undefined }, { fault: 'webhook-id is missing' }],
  ['a header that is empty', { 'webhook-signature': '' }, { fault: 'webhook-signature is missing' }],
  [
    'an id with a dot',
    { 'webhook-id': 'a.b' },
    { fault: 'webhook-id has more than 256 characters, or one that is a dot, a blank or not ASCII' },
  ],
  [
    'a time in ms',
    { 'webhook-timestamp': '1614265330000' },
    { fault: 'webhook-timestamp is not in whole seconds since 1970' },
  ],
  ['a clock that is behind', { 'webhook-timestamp': `${AT_S - 600}` }, { fault: BEHIND, clockS: -600 }],
  [
    'a clock that is ahead',
    { 'webhook-timestamp': `${AT_S + 301}` },
    { fault: 'webhook-timestamp is 301 seconds ahead of our clock; 300 are allowed', clockS: 301 },
  ],
  [
    'another scheme',
    { 'webhook-signature': 'v1a,xxxx' },
    { fault: 'webhook-signature has no "v1," with the base64 of 32 bytes' },
  ],
  [
    'another body, id or secret',
    { 'webhook-id': 'other' },
    { fault: 'webhook-signature does not match this id, timestamp and body with this secret', isWrong: true },
  ],
])('%s is named', (_, headers, verdict) => {
  const { body, headers: right } = request();
  expect(verified({ headers: { ...right, ...headers }, body }, keys, AT_S * 1000)).toEqual(verdict);
});

test.each([SECRET.slice(6), `${SECRET}\n`, ` ${SECRET} `, `v1,${SECRET}`])(
  'the spelling "%s" of a webhook secret is understood',
  (secret) => {
    expect(webhookKey(secret).equals(webhookKey(SECRET))).toBe(true);
  },
);

// Standard Webhooks asks for 24 to 64 bytes.
test.each([
  'w',
  '',
  'whsec_',
  'whsec_%',
  'hwsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  `v2,${SECRET}`,
  'whsec_c2hvcnQ=',
  `whsec_${'A'.repeat(88)}`,
])('the webhook secret "%s" is refused when it is read', (secret) => {
  expect(() => webhookKey(secret)).toThrow('24 to 64 bytes');
});
