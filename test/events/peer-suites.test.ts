import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { PublicKey, verified, webhookKey } from '../../functions/events/signature.ts';
import { kind } from '../../functions/events/sources/standard-webhooks.ts';
import { providerWorld } from '../world/providers.ts';
import { signature as signedBy } from '../world/signer.ts';

// The cases of the tests of Standard Webhooks (JavaScript, Python, Go), of Svix (JavaScript) and of Clerk's verifyWebhook,
// as of 2026-11-28, for our verifier. Their own files pass with it too, but for what `REFUSED_HERE` lists.

const SECRET = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const AT_S = 1_764_356_400;
const ID = 'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk';
const OTHER = `v1,${'Ab1+'.repeat(10)}Ab0=`;

/** A genuine request to be changed: what is signed, and what is sent instead of it. */
type Case = { sign?: { at?: string; body?: string }; send?: (right: Parts) => Partial<Parts>; secret?: string };
type Parts = { id: string | undefined; timestamp: string | undefined; signature: string | undefined };

function isAccepted({ sign, send, secret = SECRET }: Case, family: string): boolean {
  const { at: timestamp = `${AT_S}`, body = '{"test": 2432232314}' } = sign ?? {};
  const right = { id: ID, timestamp, signature: signedBy(`whsec_${SECRET}`, ID, timestamp, Buffer.from(body)) };
  const parts = Object.entries({ ...right, ...send?.(right) }).map(([part, value]) => [`${family}-${part}`, value]);
  return 'id' in verified({ headers: Object.fromEntries(parts), body }, [webhookKey(secret)], AT_S * 1000);
}

const FAMILIES = ['webhook', 'svix'];

test.each<[string, Case]>([
  ['a genuine request', {}],
  ['a genuine request with an empty body', { sign: { body: '' } }],
  ['a secret with whsec_ in front', { secret: `whsec_${SECRET}` }],
  [
    'a right signature among wrong ones',
    { send: (right) => ({ signature: `${OTHER} v2${OTHER.slice(2)} ${right.signature} ${OTHER}` }) },
  ],
  [
    'a right signature after one that is none',
    { send: (right) => ({ signature: `v1,invalid_signature ${right.signature}` }) },
  ],
])('%s is accepted, under the names of Standard Webhooks and of Svix', (_, one) => {
  for (const family of FAMILIES) expect(isAccepted(one, family)).toBe(true);
});

test.each<[string, Case]>([
  ['a request without an id', { send: () => ({ id: undefined }) }],
  ['a request without a time', { send: () => ({ timestamp: undefined }) }],
  ['a request without a signature', { send: () => ({ signature: undefined }) }],
  [
    'a request without any of the headers',
    { send: () => ({ id: undefined, timestamp: undefined, signature: undefined }) },
  ],
  ['an id of blanks', { send: () => ({ id: '  \t ' }) }],
  ['a time of blanks', { send: () => ({ timestamp: '   ' }) }],
  ['a time that is a word', { sign: { at: 'hello' } }],
  ['a time more than five minutes ago', { sign: { at: `${AT_S - 301}` } }],
  ['a time more than five minutes ahead', { sign: { at: `${AT_S + 301}` } }],
  ['a signature that is none', { send: () => ({ signature: 'v1,invalid_signature_here' }) }],
  ['a signature of something else', { send: () => ({ signature: OTHER }) }],
  ['the beginning of a signature', { send: (right) => ({ signature: right.signature?.slice(0, 8) }) }],
  ['a version without a signature', { send: () => ({ signature: 'v1,' }) }],
])('%s is refused, under the names of Standard Webhooks and of Svix', (_, one) => {
  for (const family of FAMILIES) expect(isAccepted(one, family)).toBe(false);
});

// Vector of svix-server (worker.rs, MIT): the message of the standard's own first vector, under Ed25519.
const PUBLIC = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
const SIGNED = { 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330' };
const V1 = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
const V1A = 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==';

function verdictOn(signature: string, keys: readonly ('public' | 'secret')[], body = '{"test": 2432232314}') {
  const live = keys.map((one) => (one === 'public' ? PublicKey.parse(PUBLIC) : webhookKey(SECRET)));
  return verified({ headers: { ...SIGNED, 'webhook-signature': signature }, body }, live, 1_614_265_330_000);
}

test('a v1a signature is accepted under its public key, alone and in a mixed list', () => {
  const other = V1A.replace('hnO3', 'AAAA');
  for (const list of [
    V1A,
    `${V1A} ${OTHER}`,
    `${OTHER} ${V1A}`,
    `${OTHER}, ${V1A}`,
    `${OTHER},${V1A}`,
    `${other} ${V1A}`,
  ])
    expect([list, verdictOn(list, ['public'])]).toEqual([list, { id: SIGNED['webhook-id'] }]);
  for (const list of [V1, V1A, `${V1} ${other}`, `${OTHER} ${V1A}`])
    expect([list, verdictOn(list, ['secret', 'public'])]).toEqual([list, { id: SIGNED['webhook-id'] }]);
});

test.each<[string, string, readonly ('public' | 'secret')[], string?]>([
  ['a v1a signature without a public key', V1A, ['secret']],
  ['a v1 signature under a public key alone', V1, ['public']],
  ['a v1a signature of another body', V1A, ['public'], '{}'],
  ['a v1a signature with one letter changed', V1A.replace('hnO3', 'hnO4'), ['public']],
  ['a v1a signature in another spelling of its bytes', V1A.replace('Ag==', 'Ah=='), ['public']],
  ['a v1a signature that is cut off', V1A.slice(0, -8), ['public']],
  ['a v1 digest that calls itself v1a', V1.replace('v1,', 'v1a,'), ['secret', 'public']],
  ['a v1a signature that calls itself v1', V1A.replace('v1a,', 'v1,'), ['secret', 'public']],
  ['a v1a signature of zeros', `v1a,${'A'.repeat(86)}==`, ['public']],
])('%s is refused', (_, list, keys, body) => {
  expect(verdictOn(list, keys, body)).toHaveProperty('fault');
});

test.each(['', 'whpk_', SECRET, PUBLIC.replace('whpk_', 'whsk_'), PUBLIC.slice(0, -4), `${PUBLIC}AAAA`])(
  'the public key %j is refused',
  (text) => {
    expect(PublicKey.safeParse(text).error?.issues[0]?.message).toBe('must be whpk_ and the base64 of 32 bytes');
  },
);

test('a source with a public key takes events that its private key signed', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const bytes = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const now = '2026-11-28T12:00:00.000Z';
  const id = 'msg_1';
  const request = (payload: unknown) => {
    const [at, body] = [`${Date.parse(now) / 1000}`, JSON.stringify(payload)];
    const signature = sign(null, Buffer.from(`${id}.${at}.${body}`), privateKey).toString('base64');
    return { headers: { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1a,${signature}` }, body };
  };
  const payload = { type: 'user.deleted', timestamp: now, data: { account: 'alice' } };
  const statusUnder = async (options: object) => {
    const { status } = await providerWorld(kind, { events: {}, request }, { source: { options }, now }).send(payload);
    return status;
  };
  expect(await statusUnder({ publicKeys: [`whpk_${bytes.toString('base64')}`] })).toBe(200);
  expect(await statusUnder({ publicKeys: [PUBLIC] })).toBe(401);
  expect(await statusUnder({})).toBe(401);
});

const REFUSED_HERE: [string, string, Case][] = [
  ['a time with a fraction', 'is no integer', { send: () => ({ timestamp: `${AT_S}.25` }) }],
  ['a time with letters behind it', 'is no integer', { send: () => ({ timestamp: `${AT_S}abc` }) }],
  ['a time with a zero in front', 'is not what was signed', { send: () => ({ timestamp: `0${AT_S}` }) }],
  [
    'a signature with more behind it',
    'is not the base64 of 32 bytes',
    { send: (right) => ({ signature: `${right.signature},extra` }) },
  ],
];

test.each(REFUSED_HERE)('%s is accepted by other libraries and refused here: it %s', (_, __, one) => {
  for (const family of FAMILIES) expect(isAccepted(one, family)).toBe(false);
});

test.each([
  ['a secret without padding is accepted', `${SECRET}Bg`, 25],
  [
    'a secret of 23 bytes is accepted by the Python library and refused here: the standard asks for 24',
    `${SECRET.slice(0, -2)}A`,
  ],
  ['a secret that was cut off is accepted by the Python library and refused here: no encoder ends so', `${SECRET}Br`],
])('%s', (_, secret, bytes?: number) => {
  if (bytes === undefined) expect(() => webhookKey(secret)).toThrow('24 to 64 bytes');
  else expect(webhookKey(secret).symmetricKeySize).toBe(bytes);
});
