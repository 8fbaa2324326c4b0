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
const apps = some(fc.constantFrom('shop', 'shop', 'shop', 'chat', CANARY));
const cursor = fc.oneof(
  text,
  fc.json().map((json) => Buffer.from(json).toString('base64url')),
);
const accounts = fc.oneof(
  fc.record({ accounts: some(account) }),
  fc.record({ accounts: some(account), apps, cursor }, { requiredKeys: ['accounts'] }),
);
const tokens = fc.oneof(
  fc.record({ tokens: some(text), apps }, { requiredKeys: ['tokens'] }),
  fc.record({ tokens: some(text), [`${CANARY}@example.com`]: odd }),
);
const bytes = fc.oneof(
  fc.oneof(accounts, tokens, odd).map((value) => JSON.stringify(value)),
  text,
  fc.uint8Array().map((raw) => Buffer.from(raw)),
);
const headers = fc.constantFrom(...['newest-of-sender', 'older-of-sender', CANARY].map(bearer), {});
const json = (value: unknown) => JSON.stringify(value);
const request: fc.Arbitrary<Partial<HttpRequest>> = fc.oneof(
  accounts.map((question) => ({ path: '/v1/resolve', body: json(question) })),
  tokens.map((question) => ({ path: '/v1/devices', body: json(question) })),
  fc.record({
    path: fc.constantFrom('/v1/resolve', '/v1/devices', `/v1/${CANARY}`),
    method: fc.constantFrom('POST', 'POST', 'POST', 'PUT'),
    headers,
    body: bytes,
  }),
);

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
  expect(seen.get(200)).toBeGreaterThan(100);
});
