import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import type { Reads } from '../../functions/aws/dynamodb.ts';
import { recording } from '../../functions/aws/history-store.ts';
import { dynamodbRegistryStore, READS } from '../../functions/aws/registry-store.ts';
import { applyAll, type RegistryPorts } from '../../functions/core/apply.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { type Accept, accepting } from '../../functions/operations/accept.ts';
import { world as accountApi, accountsOf, T0, tokenAccounts, tokensOf } from '../world/account-api.ts';
import { world as phones, receiptIn } from '../world/devices.ts';
import { event, world as events, login, logout, NOW } from '../world/events.ts';
import { bind, moved } from '../world/examples.ts';
import { world as senders } from '../world/resolve.ts';
import { type EmbeddedTable, embeddedTable } from './table.ts';

let table: EmbeddedTable;
/** The table of the ledger. */
let history: EmbeddedTable;
/** The operations of each message on the queue. */
const sent: (readonly Operation[])[] = [];
/** A request or a delivery, by the row of the document that says what it calls. */
const REQUESTS: [row: string, work: () => Promise<unknown>][] = [];

/** The rows of the document: what is requested, and the calls. */
const DOCUMENT = readFileSync(new URL('../../docs/performance/README.md', import.meta.url), 'utf8');
const [, section = ''] = DOCUMENT.split('## Calls of a request');
const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| (.+) \| (\d+) \| (.+) \|$/gm)];
const documented = new Map(rows.map(([, row = '', total = '', calls = '']) => [row, `${total}: ${calls}`]));

/** A sender of one app. */
let sender: ReturnType<typeof senders>;
const users = Array.from({ length: 100 }, (_, i) => ({ account: `user-${i}` }));
const resolve =
  (...accounts: { account: string }[]) =>
  async () =>
    expect(await sender.resolve({ accounts, apps: ['shop'] })).toHaveProperty('accounts.0.devices.0');
const devices =
  (...tokens: string[]) =>
  async () =>
    expect(await sender.devices({ tokens, apps: ['shop'] })).toHaveProperty('devices.0.accounts.0');

/** The questions of senders, with the read units of each: one for a pointer page, a document and a watermark. */
const QUESTIONS: [row: string, question: () => Promise<unknown>, units: number][] = [
  ['resolve of an account with one device', resolve({ account: 'carol' }), 3],
  ['resolve of 100 accounts with one device each', resolve(...users), 300],
  ['resolve of an account with 600 devices, first page', resolve({ account: 'many' }), 513],
  ['devices: the account of a token', devices('phone'), 2],
  ['devices: the accounts of 100 tokens', devices(...users.map((_, i) => `phone-${i}`)), 200],
];

beforeAll(async () => {
  [table, history] = await Promise.all([embeddedTable(), embeddedTable()]);
  const registry = (reads: Reads, now: number): RegistryPorts => ({
    store: dynamodbRegistryStore(table, reads),
    now: () => now,
    pause: async () => {},
  });
  const acceptIn = (ports: RegistryPorts): Accept =>
    accepting({
      enqueue: async (_, operations) => {
        table.calls.push({ name: 'SendMessage', units: 0 });
        sent.push(operations);
        return undefined;
      },
      apply: (operations, announce, durable) => applyAll(ports, operations, { answers: true, announce, durable }),
      withinBudget: (work) => work,
    });
  const { store } = registry('strong', NOW);
  const eventsDoor = events({ store, accept: acceptIn(registry(READS.events, NOW)) });
  const calls = registry(READS['account-api'], T0 + 1_000);
  const callsDoor = accountApi({ store: calls.store, accept: acceptIn(calls) });
  const phone = await phones({ store, accept: acceptIn(registry(READS.devices, NOW)) });
  let receipt = '';
  const signIn = async () => {
    receipt = receiptIn(await phone.signIn(await phone.bearerOf(), { token: 't3' }));
  };
  const signOut = async () => expect(await phone.signOut(receipt)).toMatchObject({ status: 200 });
  const send =
    (...all: Parameters<typeof eventsDoor.send>) =>
    async () =>
      expect(await eventsDoor.send(...all)).toMatchObject({ status: 200 });
  const plainDelivery = async () => void (await applyAll(registry(READS.apply, NOW), sent.at(-1) ?? []));
  const record = recording({ table: history, days: 90, now: () => NOW });
  const delivery = async () => {
    const operations = sent.at(-1) ?? [];
    const outcomes = await applyAll(registry(READS.apply, NOW), operations, { answers: 'logins' });
    expect(await record([{ id: 'r', operations, outcomes }])).toEqual([undefined]);
    table.calls.push(...history.calls.splice(0));
  };
  const call = (body: object) => () => callsDoor.operate('xg', body);
  const ask = (body: object) => () => callsDoor.query('xg', body);
  const list = (count: number, name: string) =>
    Array.from({ length: count }, (_, i) =>
      login({ account: `${name}${i}`, token: `${name}-${i}` }, { id: `${name}${i}` }),
    );
  const late = (ms: number) => ({ timestamp: new Date(NOW - ms).toISOString() });
  REQUESTS.push(
    ['login', send(login({ account: 'alice' }, late(9_000)), { id: 'a' })],
    ['its message, delivered to the worker', delivery],
    ['its message, delivered to a worker without the ledger', plainDelivery],
    ['the same login, sent again', send(login({ account: 'alice' }, late(9_000)), { id: 'a' })],
    ['login again, of the same account', send(login({ account: 'alice' }, late(8_000)))],
    ['login of an installation', send(login({ account: 'alice', installation_id: 'i' }, late(7_000)))],
    ['logout of the token', send(logout({}, late(6_000)))],
    ['token change with its account', send(tokenChange(late(5_000)))],
    ['sign-out everywhere, one token', send(everywhere(late(4_000)), { source: 'single' })],
    ['100 logins in one list', send(list(100, 'many'))],
    ['its message of 100, delivered to the worker', delivery],
    ['its message of 100, delivered to a worker without the ledger', plainDelivery],
    ['bind by the Account API', call(tokenAccounts(1, 'phone', 'alice'))],
    ['unbind by the Account API', call(tokenAccounts(3, 'phone', 'alice'))],
    ['query of a token with one account', ask(accountsOf('t9'))],
    ['query of an account with one token', ask(tokensOf('carol'))],
    ['sign-in of a phone', signIn],
    ['the same sign-in, at the next launch', signIn],
    ['sign-out of a phone', signOut],
    ...QUESTIONS.map(([row, question]): (typeof REQUESTS)[number] => [row, question]),
  );
  await callsDoor.operate('xg', tokenAccounts(1, 't9', 'carol'));
  sender = senders({ store });
  await sender.apply(
    bind(1, ['carol']),
    ...Array.from({ length: 100 }, (_, i) => moved(bind(1, [`user-${i}`]), `phone-${i}`)),
    ...Array.from({ length: 600 }, (_, i) => moved(bind(1, ['many']), `many-${i}`)),
  );
});
afterAll(() => Promise.all([table.stop(), history.stop()]));

const tokenChange = (time: object) =>
  event(
    'device.token_changed',
    { app: 'phone', old_token: 't1', token: 't2', accounts: [{ account: 'alice' }] },
    { ...time },
  );

/** Its account type is the default of the other source, which has two apps. */
const everywhere = (time: object) =>
  event('user.logout_everywhere', { account: 'alice', account_type: 7 }, { ...time });

test('a request makes as many calls of AWS as the document says', async () => {
  const made = new Map<string, string>();
  for (const [row, work] of REQUESTS) {
    table.calls.length = 0;
    await work();
    const byName = Map.groupBy(table.calls, ({ name }) => name);
    const calls = [...byName].map(([name, all]) => `${all.length} \`${name}\``).sort();
    made.set(row, `${table.calls.length}: ${calls.join(', ')}`);
  }
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(made));
});

test.for(QUESTIONS)('%s costs as many read units as are stated', async ([, question, units]) => {
  table.calls.length = 0;
  await question();
  expect(table.calls.reduce((sum, call) => sum + call.units, 0)).toBe(units);
});

test('all devices of an account in the table are on one of its pages', async () => {
  const found: string[] = [];
  let question: object | undefined = { accounts: [{ account: 'many' }], apps: ['shop'] };
  while (question !== undefined) {
    const { accounts, cursor } = Page.parse(await sender.resolve(question));
    found.push(...accounts.flatMap(({ devices: own }) => own.map(({ token }) => token)));
    question = cursor === undefined ? undefined : { ...question, cursor };
  }
  expect(found.sort()).toEqual(Array.from({ length: 600 }, (_, i) => `many-${i}`).sort());
});

const Page = z.object({
  accounts: z.array(z.object({ devices: z.array(z.object({ token: z.string() })) })),
  cursor: z.string().optional(),
});
