import { expect, test } from 'vitest';
import { kind } from '../../functions/events/sources/workos.ts';
import { newPrivateJwk } from '../../local/identity.ts';
import { workos } from '../../local/providers/workos.ts';
import { present } from '../sim/random.ts';
import { providerWorld, SECRET } from '../world/providers.ts';

// The cases of workos-node's webhooks.spec.ts (MIT, as of 2026-11-28), written anew, and some of our own. Their file passes
// by adapter with times in milliseconds, but for what compares the fields and functions of their library.

const NOW = '2024-03-19T21:56:26.000Z';
const AT = Date.parse(NOW);
const PAYLOAD = present(workos.events['user.deleted'])({ account: 'alice', session: 's1', now: new Date(NOW) });

type Change = { ms?: number; header?: (right: string) => string | undefined; body?: (right: string) => string };

async function statusOf({ ms = 0, header = (right) => right, body = (right) => right }: Change) {
  const world = providerWorld(kind, workos, { now: NOW });
  const sender = { now: new Date(AT + ms) };
  const right = await workos.request(PAYLOAD, {
    secret: SECRET,
    id: '',
    privateJwk,
    ...sender,
  });
  const signature = header(present(right.headers['workos-signature']));
  const headers = signature === undefined ? {} : { 'WorkOS-Signature': signature };
  const { status } = await world.send(PAYLOAD, { sender, request: { headers, body: body(right.body) } });
  expect(world.queued.length).toBe(status === 200 ? 2 : 0);
  return status;
}

const privateJwk = newPrivateJwk();
const timeIn = (right: string) => right.split(', ')[0];

test.each<[string, Change]>([
  ['the right time, signature and secret', {}],
  ['a list without a blank', { header: (right) => right.replace(', ', ',') }],
  ['a second signature, as in a rotation', { header: (right) => right.replace('v1=', `v1=${'0'.repeat(64)}, v1=`) }],
  ['a time five minutes ago', { ms: -300_000 }],
  ['a time five minutes ahead', { ms: 300_000 }],
])('%s is accepted', async (_, change) => {
  expect(await statusOf(change)).toBe(200);
});

test.each<[string, Change]>([
  ['no header', { header: () => undefined }],
  ['an empty header', { header: () => '' }],
  ['an empty signature', { header: (right) => `${timeIn(right)}, v1=` }],
  ['a header without a signature', { header: (right) => `${timeIn(right)}` }],
  ['a signature that is none', { header: (right) => `${timeIn(right)}, v1=99999` }],
  ['a signature of another scheme', { header: (right) => right.replace('v1=', 'v0=') }],
  ['a header without a time', { header: (right) => right.replace(/^t=\d+, /, '') }],
  ['a repeated header', { header: (right) => `${right}, ${right}` }],
  ['a time that was not signed', { header: (right) => right.replace(/t=\d+/, `t=${AT + 1}`) }],
  ['another body', { body: () => '"invalid"' }],
  ['the same JSON with other blanks', { body: (right) => JSON.stringify(JSON.parse(right), null, 2) }],
  ['the same JSON with escapes', { body: (right) => right.replace('alice', '\\u0061lice') }],
  [
    'the same JSON in another order',
    { body: (right) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(right)).reverse())) },
  ],
  ['a byte order mark in front of the body', { body: (right) => `\uFEFF${right}` }],
  ['a time of 1970', { header: (right) => right.replace(/t=\d+/, 't=9999') }],
  ['a time more than five minutes ago', { ms: -300_001 }],
  // Their own tests sign with it: their library has no limit ahead.
  ['a time in microseconds', { header: (right) => right.replace(/t=(\d+)/, 't=$1000') }],
  ['a time more than five minutes ahead, which their library accepts', { ms: 300_001 }],
])('%s is refused', async (_, change) => {
  expect(await statusOf(change)).toBe(401);
});
