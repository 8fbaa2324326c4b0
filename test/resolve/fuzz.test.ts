import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HttpRequest } from '../../functions/lambda/request.ts';
import { bind, moved } from '../world/examples.ts';
import { bearer, world } from '../world/resolve.ts';

/** A part of every text in a request. A problem or a log line that contains it quotes the request. */
const CANARY = 'canary';
const text = fc.oneof(
  fc.constantFrom(CANARY, `${CANARY}-1`, `${CANARY}\0`, `${CANARY}\ud800`, `__proto__${CANARY}`, CANARY.repeat(50)),
  fc.string().map((odd) => CANARY + odd),
);
const odd = fc.oneof(text, fc.constantFrom(null, true, -1, 1.5, 2 ** 40), fc.constantFrom([], {}, [[]]));
/** Mostly what it should be, sometimes anything. */
const mostly = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: odd });
const account = fc.record({ account: mostly(text), account_type: mostly(fc.nat(3)) }, { requiredKeys: ['account'] });
const some = (one: fc.Arbitrary<unknown>) => mostly(fc.array(mostly(one), { minLength: 1, maxLength: 5 }));
const more = {
  apps: some(fc.constantFrom('shop', 'shop', 'chat', CANARY)),
  cursor: fc.oneof(
    text,
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
  ),
};
const body = fc.oneof(
  fc.record({ accounts: some(account), ...more }, { requiredKeys: ['accounts'] }),
  fc.record({ tokens: some(text), apps: more.apps }, { requiredKeys: ['tokens'] }),
  fc.record({ tokens: some(text), [CANARY]: odd }),
  odd,
);
const request: fc.Arbitrary<Partial<HttpRequest>> = fc.record({
  path: fc.oneof(
    fc.constantFrom('/v1/resolve', '/v1/devices'),
    text.map((name) => `/v1/${name}`),
  ),
  method: fc.constantFrom('POST', 'POST', 'POST', 'PUT'),
  headers: fc.oneof(
    fc.constantFrom(...['newest', 'older', CANARY].map((kind) => bearer(`${kind}-of-sender`))),
    fc.constant({}),
  ),
  body: fc.oneof(
    body.map((value) => JSON.stringify(value)),
    text,
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  ),
});

test('any request of a reader gets an answer or a problem that quotes nothing of it, and so does the log', async () => {
  const seen = new Map<number, number>();
  const property = fc.asyncProperty(request, async (one) => {
    const { send, apply } = world();
    await apply(bind(1, [CANARY, `${CANARY}-1:2`]), moved(bind(2, [CANARY]), `${CANARY}-1`));
    const { status, body: answered, line } = await send(one);
    seen.set(status, (seen.get(status) ?? 0) + 1);
    expect([200, 400, 401, 403, 404, 405]).toContain(status);
    expect(JSON.stringify(line)).not.toContain(CANARY);
    if (status !== 200) expect(JSON.stringify(answered)).not.toContain(CANARY);
    else expect(answered).toHaveProperty(one.path === '/v1/resolve' ? 'accounts' : 'devices');
    expect({}).not.toHaveProperty('polluted');
  });
  await fc.assert(property, { seed: 20_260_101, numRuns: 1_000 });
  expect([...seen.keys()].sort()).toEqual([200, 400, 401, 403, 404, 405]);
  expect(seen.get(200)).toBeGreaterThan(30);
});
