import { PurgeQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import * as z from 'zod';
import { post } from '../../cli/target.ts';
import { bearerOf } from '../../cli/token.ts';
import { type Endpoint, PATHS } from '../../functions/account-api/wire/endpoint.ts';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { dynamodbSweepStore } from '../../functions/aws/sweep-store.ts';
import { Account, Token } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { Operation, OperationsMessage } from '../../functions/core/operation.ts';
import { bindAt, eventHash, removalAt, stampOf } from '../../functions/core/stamp.ts';
import type { AccountRef } from '../../functions/core/store.ts';
import type { Cause } from '../../functions/mirror/mark.ts';
import type { Door } from '../../infra/settings.ts';
import { DEVELOPMENT } from '../../local/identity.ts';
import { raiseRemoval, watermarkOf } from '../memory/registry-store.ts';
import { accountsOf, basic, tokensOf } from '../world/account-api.ts';
import { ticketOf } from '../world/devices.ts';
import { postEvents } from '../world/events.ts';
import type { Deployment } from './deployment.ts';
import { IDENTITY_KEY } from './synthesis.ts';

type Step = () => Promise<unknown>;

/** The steps in which a deployed function does everything that it can do. Each step expects success. */
export type Scenario = (deployment: Deployment) => readonly Step[];

const APP = 'shop-android';
const OTHER_APP = 'shop-ios';
/** Marks accounts, tokens and sessions, so that a test can find them in a log. */
export const CANARY = 'canary';
const token = `${CANARY}-token-1`;
const other = `${CANARY}-token-2`;
const account = `${CANARY}-alice`;
const second = `${CANARY}-bob`;
const DAY_MS = 86_400_000;

let messages = 0;

/** Sends a signed event, or a list of them. Returns the status. */
const sendEvents = ({ url, secret }: Deployment, ...events: [type: string, data: object][]): Promise<number> =>
  postEvents({ url, source: { id: 'web', secret: secret('Credentials/source web') } }, events);

/** Calls the Account API. Returns its code. */
async function call({ url, secret }: Deployment, app: string, endpoint: Endpoint, body: object) {
  const headers = basic(app, secret(`Credentials/app ${app}`));
  const reply = JSON.parse((await post(url + PATHS[endpoint], { ...headers }, JSON.stringify(body))).text);
  return reply.ret_code ?? reply.retCode;
}

/** Returns a step that posts JSON with a bearer and expects 200. The step returns the answer. */
const asked =
  ({ url }: Deployment, path: string, bearer: (() => Promise<string>) | undefined, body: object) =>
  async (): Promise<unknown> => {
    const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${await bearer()}` };
    const { status, text } = await post(url + path, headers, JSON.stringify(body));
    expect(status, text).toBe(200);
    return JSON.parse(text);
  };

/** Returns an operation of its own event, which happened that many days ago. */
const operation = <O extends { kind: Operation['kind'] }>(of: O, daysAgo = 0): Operation =>
  Operation.parse({
    app: APP,
    stamp: stampOf(of.kind, Date.now() - daysAgo * DAY_MS, eventHash(`${messages++}`)),
    ...of,
  });

async function enqueue({ sqs, queueUrl }: Deployment, body: unknown, path = 'Operations/Queue'): Promise<void> {
  const fifo = { MessageGroupId: `${messages}`, MessageDeduplicationId: `${messages++}` };
  const message = { QueueUrl: queueUrl(path), MessageBody: JSON.stringify(body) };
  await sqs.send(new SendMessageCommand({ ...message, ...(message.QueueUrl.endsWith('.fifo') && fifo) }));
}

const message = (...operations: Operation[]): OperationsMessage =>
  OperationsMessage.parse({ v: 1, id: `r${messages++}`, operations });

const APPS = [APP, OTHER_APP].map((id) => AppId.parse(id));
const MARKS = APPS.map((app) => `Mirror ${app}/Marks`);
const CHECKS = APPS.map((app) => `Mirror ${app}/Checks`);
const SOURCES = ['Source shop', 'Source bus'];
const bind = { kind: 'bind' as const, token, accounts: [{ type: 0, id: account }] };
const OF_ANOTHER_VERSION = { v: 0, id: 'old' };

/** The scenario of each function. A function in the settings without a scenario does not compile. */
export const SCENARIOS: Readonly<Record<Door, Scenario>> = {
  events: (deployment) => {
    const effective =
      (...events: [string, object][]): Step =>
      async () =>
        expect(await sendEvents(deployment, ...events)).toBe(200);
    const on = { app: APP, token };
    return [
      effective(['user.login', { ...on, account, session_id: `${CANARY}-session` }]),
      effective(['user.login', { ...on, account: second, mode: 'append' }]),
      ...[token, other].map((each) =>
        effective(['user.login', { app: APP, token: each, account, installation_id: `${CANARY}-installation` }]),
      ),
      effective(['user.logout', { ...on, scope: 'account', account }]),
      effective(['device.token_changed', { app: APP, old_token: token, token: other, accounts: [{ account }] }]),
      effective(['user.logout', { app: APP, token: other }]),
      effective(['user.deleted', { account }]),
      effective(
        ['user.login', { ...on, account }],
        ['user.login', { app: OTHER_APP, token: other, account: second }],
        ['user.logout_everywhere', { account: second }],
      ),
    ];
  },

  'account-api': (deployment) => {
    const done =
      (endpoint: Endpoint, body: object, app = APP): Step =>
      async () =>
        expect(await call(deployment, app, endpoint, body)).toBe(0);
    const tokens = [[token], [token, other]];
    const accounts = [[account], [account, second]];
    const bound = (operator_type: number) =>
      tokens.map((some) => {
        const account_list = [{ account }, { account: second }];
        return { operator_type, token_accounts: some.map((each) => ({ token: each, account_list })) };
      });
    return [
      ...[1, 2, 3, 1].flatMap(bound).map((body) => done('operate', body)),
      ...tokens.map((some) => done('query', accountsOf(...some))),
      ...accounts.map((some) => done('query', tokensOf(...some))),
      ...tokens.map((token_list) => done('operate', { operator_type: 4, token_list })),
      ...accounts.map((some) => done('operate', { ...tokensOf(...some), operator_type: 5 })),
      done('query', accountsOf(token), OTHER_APP),
    ];
  },

  devices: (deployment) => {
    const signIn = (bearer: (nowS: number) => string | Promise<string>, body: object, app = APP) =>
      asked(deployment, `/devices/${app}/sign-in`, async () => bearer(Date.now() / 1000), body);
    const { issuer: iss, audience: aud } = DEVELOPMENT;
    const bearerFor =
      (sub: string) =>
      (iat: number): Promise<string> =>
        bearerOf(IDENTITY_KEY, { iss, aud, sub, sid: `${CANARY}-session`, iat, exp: iat + 60 });
    const ticket = (iat: number) =>
      ticketOf({ sub: account, iat, exp: iat + 60 }, deployment.secret('Credentials/source web'));
    const Signed = z.object({ receipt: z.string() });
    const signOut: Step = async () => {
      const { receipt } = Signed.parse(await signIn(bearerFor(second), { token: phone })());
      await asked(deployment, `/devices/${APP}/sign-out`, undefined, { receipt })();
    };
    const [phone, later] = [`${token}-phone`, `${token}-phone-later`];
    const installation_id = `${CANARY}-phone`;
    return [
      signIn(bearerFor(account), { token: phone }),
      signIn(ticket, { token: phone }),
      signIn(bearerFor(second), { token: phone, mode: 'append' }),
      ...[phone, later].map((each) => signIn(bearerFor(account), { token: each, installation_id })),
      signOut,
      signIn(bearerFor(second), { token: phone }, OTHER_APP),
    ];
  },

  resolve: (deployment) => {
    const secret = async () => deployment.secret('Credentials/reader push');
    const question = (path: string, body: object) => asked(deployment, path, secret, body);
    const bound: Step = () =>
      apply(deployment, ...APPS.map((app) => operation({ ...bind, app, token: `${token}-asked` })));
    return [
      bound,
      question('/v1/resolve', { accounts: [{ account }] }),
      question('/v1/resolve', { accounts: [{ account }, { account: second }] }),
      question('/v1/devices', { tokens: [`${token}-asked`] }),
      question('/v1/devices', { tokens: [`${token}-asked`, other], apps: [APP] }),
    ];
  },

  apply: (deployment) => {
    const { settled, unreadable } = workerOf(deployment, 'apply', ['Operations']);
    const several = APPS.map((app) =>
      message(
        operation({ ...bind, app, kind: 'bindOverriding', scope: 'token' }),
        operation({ ...bind, app, token: other }),
        operation({ ...bind, app, kind: 'unbind' }),
        operation({ app, kind: 'unbindTokenFromAll', token: other }),
        operation({ app, kind: 'unbindAccountFromAll', account: { type: 0, id: account } }),
      ),
    );
    const tooOld = message(operation({ ...bind, token: `${token}-late` }, 36));
    return [settled(0, message(operation(bind)), ...several), settled(0, tooOld), unreadable];
  },

  intake: (deployment) => {
    const on = { app: APP, token: `${token}-queued` };
    const envelopes = [
      (type: string, timestamp: string, data: object) => ({ type, timestamp, data }),
      (type: string, time: string, detail: object) => ({ 'detail-type': type, source: 'shop.auth', time, detail }),
    ];
    return SOURCES.flatMap((source, i) => {
      const { settled, staying } = workerOf(deployment, 'intake', [source]);
      const message = (type: string, data: object, inMs = 0) =>
        envelopes[i]?.(type, new Date(Date.now() + inMs).toISOString(), data) ?? {};
      const sent =
        (type: string, data: object): Step =>
        () =>
          settled(0, message(type, data))();
      const installed = (name: string) => ({ app: APP, token: name, account, installation_id: `${CANARY}-queued` });
      return [
        sent('user.login', { ...on, account, session_id: `${CANARY}-session` }),
        sent('user.login', { ...on, account: second, mode: 'append' }),
        ...[`${token}-queued-1`, `${token}-queued-2`].map((name) => sent('user.login', installed(name))),
        sent('device.token_changed', { app: APP, old_token: on.token, token: `${token}-queued-3` }),
        sent('user.logout_everywhere', { account }),
        // No valid event: parked at once. A login from a minute ahead: it stays.
        settled(0, OF_ANOTHER_VERSION),
        () => staying(message('user.login', { ...on, account }, 60_000))(),
      ];
    });
  },

  mirror: (deployment) => {
    const { settled, unreadable } = workerOf(deployment, 'mirror', MARKS);
    const bound: Step = () => apply(deployment, ...APPS.map((app) => operation({ ...bind, app })));
    const marked =
      (marks: object): Step =>
      async () => {
        for (const app of APPS) await enqueue(deployment, { v: 1, app, ...marks }, `Mirror ${app}/Marks/Queue`);
        await settled(0)();
      };
    const change = { id: 'request', ms: Date.now(), removes: true };
    return [
      bound,
      marked({ tokens: [{ ...change, token }] }),
      marked({ tokens: [other, `${token}-3`].map((each) => ({ ...change, token: each })) }),
      marked({ accounts: [{ ...change, account: { type: 0, id: account } }] }),
      unreadable,
    ];
  },

  verify: (deployment) => {
    const { settled, unreadable } = workerOf(deployment, 'verify', CHECKS);
    const asked =
      (cause: Cause, ...tokens: string[]): Step =>
      async () => {
        for (const app of APPS) {
          const checks = tokens.map((each) => ({ token: each, id: 'request' }));
          await enqueue(deployment, { v: 1, app, cause, checks }, `Mirror ${app}/Checks/Queue`);
        }
        await settled(0)();
      };
    const boundUntold: Step = () =>
      apply(deployment, ...APPS.map((app) => operation({ ...bind, app, token: `${token}-untold` })));
    return [
      boundUntold,
      asked('push', `${token}-nobody`),
      asked('push', `${token}-nobody-else`, `${token}-untold`),
      asked('sweep', `${token}-untold`),
      unreadable,
    ];
  },

  sweep: (deployment) => {
    const swept: Step = async () => void (await deployment.invoke('sweep', { time: new Date().toISOString() }));
    return [() => seedForSweep(deployment), swept];
  },
};

/** Applies operations without the deployed functions. */
async function apply({ table }: Deployment, ...operations: Operation[]): Promise<void> {
  await applyAll({ store: dynamodbRegistryStore(table), now: Date.now, pause: async () => {} }, operations);
}

/** Returns steps that deliver messages to a worker and expect how many stay. */
function workerOf(deployment: Deployment, door: Door, queues: readonly string[]) {
  const settled =
    (staying: number, ...bodies: object[]): Step =>
    async () => {
      for (const body of bodies) await enqueue(deployment, body, `${queues[0]}/Queue`);
      expect(await deployment.deliver(door)).toBe(staying);
    };
  const staying =
    (body: object): Step =>
    async () => {
      for (const queue of queues) await enqueue(deployment, body, `${queue}/Queue`);
      await settled(queues.length)();
      for (const queue of queues)
        await deployment.sqs.send(new PurgeQueueCommand({ QueueUrl: deployment.queueUrl(`${queue}/Queue`) }));
    };
  return { settled, staying, unreadable: staying(OF_ANOTHER_VERSION) };
}

/** Writes entries for a sweep: changed tokens, and old ones: a pointer to no document and two watermarks. */
async function seedForSweep(deployment: Deployment): Promise<void> {
  const { table } = deployment;
  const registry = dynamodbRegistryStore(table);
  await apply(deployment, ...APPS.map((app) => operation({ ...bind, app, token: `${token}-swept` })));
  const longAgo = stampOf('unbindAccountFromAll', Date.now() - 400 * DAY_MS, eventHash('long ago'));
  const [idle, busy, pointed] = ['idle', 'busy', 'pointed'].map((name) => {
    return { app: AppId.parse(APP), account: Account.parse({ type: 0, id: `${CANARY}-${name}` }) };
  }) as [AccountRef, AccountRef, AccountRef]; // as many as went in
  for (const each of [idle, busy]) await raiseRemoval(registry, each, removalAt(longAgo));
  await dynamodbSweepStore(table).noteIdle(idle, await watermarkOf(registry, idle), Date.now() - DAY_MS);
  await registry.raisePointer(pointed, Token.parse(`${token}-gone`), bindAt(longAgo, 0));
}
