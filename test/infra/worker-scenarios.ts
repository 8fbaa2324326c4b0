import { PurgeQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { dynamodbSweepStore } from '../../functions/aws/sweep-store.ts';
import { Account, Token } from '../../functions/core/account.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { type Operation, OperationsMessage } from '../../functions/core/operation.ts';
import { bindAt, eventHash, removalAt, stampOf } from '../../functions/core/stamp.ts';
import type { AccountRef } from '../../functions/core/store.ts';
import type { Cause } from '../../functions/mirror/mark.ts';
import type { Door, HttpDoor } from '../../infra/settings.ts';
import { raiseRemoval, watermarkOf } from '../memory/registry-store.ts';
import type { Deployment } from './deployment.ts';
import {
  APP,
  APPS,
  account,
  apply,
  bind,
  CANARY,
  DAY_MS,
  operation,
  other,
  type Scenario,
  type Step,
  second,
  token,
} from './scenario.ts';

const MARKS = APPS.map((app) => `Mirror ${app}/Marks`);
const CHECKS = APPS.map((app) => `Mirror ${app}/Checks`);
const SOURCES = ['Source shop', 'Source bus'];
const OF_ANOTHER_VERSION = { v: 0, id: 'old' };

let messages = 0;

async function enqueue({ sqs, queueUrl }: Deployment, body: unknown, path = 'Operations/Queue'): Promise<void> {
  const fifo = { MessageGroupId: `${messages}`, MessageDeduplicationId: `${messages++}` };
  const message = { QueueUrl: queueUrl(path), MessageBody: JSON.stringify(body) };
  await sqs.send(new SendMessageCommand({ ...message, ...(message.QueueUrl.endsWith('.fifo') && fifo) }));
}

const message = (...operations: Operation[]): OperationsMessage =>
  OperationsMessage.parse({ v: 1, id: `r${messages++}`, operations });

/** The scenarios of the other functions. */
export const WORKER_SCENARIOS: Readonly<Record<Exclude<Door, HttpDoor>, Scenario>> = {
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
