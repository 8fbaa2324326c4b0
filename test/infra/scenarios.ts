import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { post } from '../../cli/exchange.ts';
import { signedHeaders } from '../../cli/signature.ts';
import { Operation, OperationsMessage } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { type Endpoint, PATHS } from '../../functions/wire/endpoint.ts';
import type { HttpDoor } from '../../infra/settings.ts';
import { accountsOf, basic, tokensOf } from '../handlers/account-api-world.ts';
import type { Deployment } from './deployment.ts';

type Step = () => Promise<void>;

/** Has a deployed function do everything it can do, step by step, and expects that it does. */
export type Scenario = (deployment: Deployment) => readonly Step[];

const APP = 'shop-android';
const OTHER_APP = 'shop-ios';
/** Marked, so that a test can look for them where they must not be. */
export const CANARY = 'canary';
const token = `${CANARY}-token-1`;
const other = `${CANARY}-token-2`;
const account = `${CANARY}-alice`;
const second = `${CANARY}-bob`;
const DAY_MS = 86_400_000;

let messages = 0;

/** Sends a signed event, or a list of them, and answers with the status. */
export async function sendEvents({ url, secret }: Deployment, ...events: [type: string, data: object][]) {
  const now = new Date();
  const id = `evt_${messages++}`;
  const list = events.map(([type, data], i) => ({ type, timestamp: now.toISOString(), id: `${id}-${i}`, data }));
  const body = JSON.stringify(list.length === 1 ? list[0] : list);
  const headers = signedHeaders(secret('Credentials/source web'), { id, body, now });
  return (await post(`${url}/events/web`, headers, body)).status;
}

/** Asks the Account API, and answers with its code. */
export async function call({ url, secret }: Deployment, app: string, endpoint: Endpoint, body: object) {
  const headers = basic(app, secret(`Credentials/app ${app}`));
  const reply = JSON.parse((await post(url + PATHS[endpoint], { ...headers }, JSON.stringify(body))).text);
  return reply.ret_code ?? reply.retCode;
}

/** An operation, of an event of its own that happened so many days ago. */
const operation = <O extends { kind: Operation['kind'] }>(of: O, daysAgo = 0): Operation =>
  Operation.parse({
    app: APP,
    stamp: stampOf(of.kind, Date.now() - daysAgo * DAY_MS, eventHash(`${messages++}`)),
    ...of,
  });

async function enqueue({ sqs, queueUrl }: Deployment, body: unknown): Promise<void> {
  const QueueUrl = queueUrl('Operations/Queue');
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(body) }));
}

const message = (...operations: Operation[]): OperationsMessage =>
  OperationsMessage.parse({ v: 1, id: `r${messages++}`, operations });

/** A function without a scenario is not tested: the types ask for one as soon as a door is in the settings. */
export const SCENARIOS: Readonly<Record<HttpDoor | 'apply', Scenario>> = {
  events: (deployment) => {
    const effective =
      (...events: [string, object][]): Step =>
      async () =>
        expect(await sendEvents(deployment, ...events)).toBe(200);
    const on = { app: APP, token };
    return [
      effective(['user.login', { ...on, account, session_id: `${CANARY}-session` }]),
      effective(['user.login', { ...on, account: second, mode: 'append' }]),
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

  apply: (deployment) => {
    const on = { kind: 'bind' as const, token, accounts: [{ type: 0, id: account }] };
    const settled =
      (staying: number, ...bodies: object[]): Step =>
      async () => {
        for (const body of bodies) await enqueue(deployment, body);
        expect(await deployment.deliver('apply')).toBe(staying);
      };
    const several = message(
      operation({ ...on, kind: 'bindOverriding', scope: 'token' }),
      operation({ ...on, token: other }),
      operation({ ...on, kind: 'unbind' }),
      operation({ kind: 'unbindTokenFromAll', token: other }),
      operation({ kind: 'unbindAccountFromAll', account: { type: 0, id: account } }),
    );
    const tooOld = message(operation({ ...on, token: `${token}-late` }, 36));
    const ofAnotherVersion = { v: 0, id: 'old', operations: [on] };
    return [settled(0, message(operation(on)), several), settled(0, tooOld), settled(1, ofAnotherVersion)];
  },
};
