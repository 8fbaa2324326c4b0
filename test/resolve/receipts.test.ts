import { expect, test } from 'vitest';
import { Unavailable } from '../../functions/core/outcome.ts';
import { type RecordedMessage, receiptsOf } from '../../functions/history/entry.ts';
import { bind, override, overrideTypes, unbindEverywhere } from '../world/examples.ts';
import { bearer, world } from '../world/resolve.ts';

const ID = 'f3Q0bgABCiAEJ-Q=';
const ACCEPTED = Date.parse('2026-11-28T14:00:00.412Z');
const APPLIED = { kind: 'applied' } as const;
const OPEN = { kind: 'unavailable', reason: 'Down' } as const;

/** A door whose ledger has these messages, each recorded a second after the one before. */
function ledger(...messages: Omit<RecordedMessage, 'id'>[]) {
  const receipts = messages.flatMap((message, i) => receiptsOf({ id: ID, ...message }, ACCEPTED + 1_000 * (i + 1), 90));
  const ofRequest = async (id: string) => (id === ID ? receipts : []);
  const { send } = world({ history: { ofRequest, days: 90 } });
  return (id = ID, secret = 'newest-of-sender') =>
    send({ method: 'GET', path: `/v1/operations/${id}`, headers: bearer(secret) });
}

const login = override(5, ['alice canary']);
const happened = '1970-01-01T00:00:00.005Z';

test('a request is answered with its outcome and those of its operations, and without a name', async () => {
  const operations = [login, { ...unbindEverywhere(5, 'bob canary') }, bind(5, ['carol canary'])];
  const outcomes = [APPLIED, { kind: 'superseded' }, { kind: 'refused', reason: 'too old' }] as const;
  const reply = await ledger({ from: 'events/app', acceptedMs: ACCEPTED, operations, outcomes })();
  const inEffect = { in_effect_at: '2026-11-28T14:00:01.412Z' };
  expect(reply).toMatchObject({ status: 200, line: { operation: 'operations', outcome: 'answered' } });
  expect(reply.body).toEqual({
    ...{ operation_id: ID, outcome: 'applied', from: 'events/app', accepted_at: '2026-11-28T14:00:00.412Z' },
    operations: [
      { app: 'shop', kind: 'bindOverriding', happened_at: happened, outcome: 'applied', ...inEffect },
      { app: 'shop', kind: 'unbindAccountFromAll', happened_at: happened, outcome: 'superseded', ...inEffect },
      { app: 'shop', kind: 'bind', happened_at: happened, outcome: 'refused', reason: 'too old' },
    ],
  });
  expect(JSON.stringify(reply)).not.toContain('canary');
});

test('an operation that was durable at first has its later outcome, and one that came twice its first', async () => {
  const [other, third] = [overrideTypes(6, ['bob']), override(7, ['carol'])];
  const ask = ledger(
    { acceptedMs: 1, operations: [login, other, third], outcomes: [OPEN, APPLIED, OPEN] },
    { acceptedMs: 1, operations: [login, other], outcomes: [APPLIED, { kind: 'superseded' }] },
  );
  const { body } = await ask();
  expect(body).toMatchObject({
    outcome: 'durable',
    operations: ['applied', 'applied', 'durable'].map((outcome) => ({ outcome })),
  });
});

test('operations of apps that the reader may not read are left out, and a request of those alone is unknown', async () => {
  const ask = ledger({ operations: [login], outcomes: [APPLIED] });
  expect((await ask(encodeURIComponent(ID))).status).toBe(200);
  for (const reply of [await ask(ID, 'newest-of-other'), await ask('another'), await ask('%zz')]) {
    expect(reply.status).toBe(404);
    expect(reply.body).toMatchObject({
      code: 'unknown_operation',
      detail: expect.stringContaining('older than 90 days'),
    });
  }
});

test('a request is not answered without a secret, with POST, without a ledger, or while the ledger cannot be read', async () => {
  const get = { method: 'GET', path: `/v1/operations/${ID}` };
  const { send } = world({ history: { ofRequest: () => Promise.reject(new Unavailable('Down')), days: 90 } });
  expect((await send({ ...get, headers: {} })).status).toBe(401);
  expect((await send({ ...get, method: 'POST' })).headers).toMatchObject({ allow: 'GET' });
  expect((await send(get)).body).toMatchObject({ code: 'unavailable' });
  expect((await world().send(get)).body).toMatchObject({ code: 'unknown_operation' });
});
