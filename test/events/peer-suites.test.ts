import { expect, test } from 'vitest';
import { verified, webhookKey } from '../../functions/events/signature.ts';
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
