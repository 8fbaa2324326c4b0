import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { kind as fusionauthKind } from '../../functions/events/sources/fusionauth.ts';
import { kind as logtoKind } from '../../functions/events/sources/logto.ts';
import { kind as zitadelKind } from '../../functions/events/sources/zitadel.ts';
import { newPrivateJwk } from '../../local/identity.ts';
import { fusionauth } from '../../local/providers/fusionauth.ts';
import { logto } from '../../local/providers/logto.ts';
import { zitadel } from '../../local/providers/zitadel.ts';
import { present } from '../sim/random.ts';
import { providerWorld, SECRET } from '../world/providers.ts';

// Cases of zitadel:pkg/actions and of the page "Sign Webhooks" of FusionAuth, written anew, and some of our own.

const NOW = '2025-08-27T08:22:44.000Z';
const AT_S = Date.parse(NOW) / 1000;
const KINDS = {
  logto: { kind: logtoKind, provider: logto, event: 'User.Deleted', name: 'logto-signature-sha-256' },
  zitadel: { kind: zitadelKind, provider: zitadel, event: 'user.removed', name: 'zitadel-signature' },
  fusionauth: {
    kind: fusionauthKind,
    provider: fusionauth,
    event: 'user.deactivate',
    name: 'X-FusionAuth-Signature-JWT',
  },
};

/** Sends a genuine event with a changed signature or body. Returns the status. */
async function statusOf(of: keyof typeof KINDS, change: (right: string) => string | undefined, more: More = {}) {
  const { kind, provider, event, name } = KINDS[of];
  const world = providerWorld(kind, provider, { now: NOW });
  const payload = present(provider.events[event])({ account: 'alice', session: 's1', now: new Date(NOW) });
  const now = new Date((AT_S + (more.aheadS ?? 0)) * 1000);
  const right = await provider.request(payload, { secret: SECRET, id: '', privateJwk: newPrivateJwk(), now });
  const signature = change(present(right.headers[name]));
  const headers = signature === undefined ? {} : { [name]: signature };
  const { status } = await world.send(payload, { request: { headers, body: more.body ?? right.body } });
  expect(world.queued.length).toBe(status === 200 ? 2 : 0);
  return status;
}
type More = { readonly body?: string; readonly aheadS?: number };

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT with the claims of a right one, under another header. */
function resigned(right: string, header: object, digest?: string): string {
  const text = `${part(header)}.${right.split('.')[1]}`;
  return `${text}.${digest === undefined ? '' : createHmac(digest, SECRET).update(text).digest('base64url')}`;
}

test.each<[string, keyof typeof KINDS, (right: string) => string, More?]>([
  ['a right signature', 'logto', (right) => right],
  ['a signature in capitals', 'logto', (right) => right.toUpperCase()],
  ['a right signature', 'zitadel', (right) => right],
  ['a second signature, of another key', 'zitadel', (right) => `${right},v1=${'0'.repeat(64)}`],
  ['a signature of another version', 'zitadel', (right) => `${right},v2=x`],
  ['a time five minutes ago', 'zitadel', (right) => right, { aheadS: -300 }],
  ['a time five minutes ahead', 'zitadel', (right) => right, { aheadS: 300 }],
  ['a right token', 'fusionauth', (right) => right],
  ['a token under HS384', 'fusionauth', (right) => resigned(right, { alg: 'HS384' }, 'sha384')],
  ['a token under HS512', 'fusionauth', (right) => resigned(right, { alg: 'HS512' }, 'sha512')],
])('%s of %s is accepted', async (_, of, change, more) => {
  expect(await statusOf(of, change, more)).toBe(200);
});

test.each<[string, keyof typeof KINDS, (right: string) => string | undefined, More?]>([
  ['no header', 'logto', () => undefined],
  ['a repeated header', 'logto', (right) => `${right}, ${right}`],
  ['another body', 'logto', (right) => right, { body: '{}' }],
  ['no header', 'zitadel', () => undefined],
  ['no time', 'zitadel', (right) => right.replace(/^t=\d+,/, '')],
  ['a time that was not signed', 'zitadel', (right) => right.replace(/t=\d+/, `t=${AT_S + 1}`)],
  ['a time in milliseconds', 'zitadel', (right) => right.replace(/t=(\d+)/, 't=$1000')],
  ['a time more than five minutes ago', 'zitadel', (right) => right, { aheadS: -301 }],
  ['a time more than five minutes ahead', 'zitadel', (right) => right, { aheadS: 301 }],
  ['another body', 'zitadel', (right) => right, { body: '{}' }],
  ['no header', 'fusionauth', () => undefined],
  ['a repeated header', 'fusionauth', (right) => `${right}, ${right}`],
  ['a text that is no token', 'fusionauth', () => 'a.b.c'],
  ['a token without an algorithm', 'fusionauth', (right) => resigned(right, { alg: 'none' })],
  ['an algorithm that objects inherit', 'fusionauth', (right) => resigned(right, { alg: 'toString' }, 'sha256')],
  [
    'another algorithm than that of its signature',
    'fusionauth',
    (right) => resigned(right, { alg: 'HS512' }, 'sha256'),
  ],
  ['an algorithm with public keys', 'fusionauth', (right) => resigned(right, { alg: 'RS256' }, 'sha256')],
  ['a token with padding', 'fusionauth', (right) => `${right}=`],
  ['another body', 'fusionauth', (right) => right, { body: '{}' }],
])('%s at %s is refused', async (_, of, change, more) => {
  expect(await statusOf(of, change, more)).toBe(401);
});
