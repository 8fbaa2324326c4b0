import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, test, vi } from 'vitest';
import { ask } from '../../cli/account-query.ts';
import { Token } from '../../functions/core/account.ts';
import { chunksOf } from '../../functions/core/parallel.ts';
import { NAMES } from '../../local/aws/resources.ts';
import type { Instance } from '../../local/description.ts';
import { postEvents } from '../world/events.ts';
import { started, temporaryFolder } from './started.ts';

const LOGINS = 2_000;
const SENDERS = 24;

test('a process that is killed in a burst of 2,000 logins and started again has every login that it accepted', async () => {
  const folder = temporaryFolder();
  const before = await started(folder, '--data', folder);
  const accepted = await burst(before.instance, async (count) => {
    if (count === LOGINS / 2) await before.end('SIGKILL');
  });
  expect(accepted.length).toBeGreaterThanOrEqual(LOGINS / 2);
  expect(accepted.length).toBeLessThan(LOGINS);

  const after = await started(folder, '--data', folder);
  await emptied(after.instance);
  expect(await boundIn(after.instance, accepted)).toEqual(accepted.map(accountOf));
});

const tokenOf = (i: number): string => `phone-${i}`;
const accountOf = (i: number): string => `account-${i}`;

/** Logs in on 2,000 phones, some at a time, and answers with those that were accepted. */
async function burst(instance: Instance, onAccepted: (count: number) => Promise<void>): Promise<number[]> {
  const waiting = Array.from({ length: LOGINS }, (_, i) => i).values();
  const accepted: number[] = [];
  const sender = async () => {
    for (const i of waiting) {
      const status = await login(instance, i).catch(() => undefined);
      if (status === undefined) return;
      if (status !== 200 && status !== 202) continue;
      accepted.push(i);
      await onAccepted(accepted.length);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return accepted.sort((a, b) => a - b);
}

const login = ({ url, sources }: Instance, i: number): Promise<number> =>
  postEvents({ url, source: sources[0] }, [
    ['user.login', { app: 'xg-android', token: tokenOf(i), account: accountOf(i) }],
  ]);

/** Resolves when the operations queue holds nothing any more. */
async function emptied({ sqs }: Instance): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new SQSClient({ endpoint: sqs, region: 'us-east-1', credentials });
  const count = new GetQueueAttributesCommand({
    QueueUrl: `${sqs}/000000000000/${NAMES.operations}`,
    AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
  });
  const counts = async () => Object.values((await client.send(count)).Attributes ?? {});
  await vi.waitFor(async () => expect(await counts()).toEqual(['0', '0']), { timeout: 50_000, interval: 100 });
  client.destroy();
}

/** The account that each phone is bound to, in the order asked for. */
async function boundIn({ url, apps: [app] }: Instance, logins: readonly number[]): Promise<(string | undefined)[]> {
  if (app === undefined) throw new Error('the instance has no app');
  const speaker = { app: app.id, dialect: app.dialect, secret: app.secretKey };
  const bound: (string | undefined)[] = [];
  for (const some of chunksOf(logins, 100)) {
    const tokens = some.map((i) => Token.parse(tokenOf(i)));
    const { found } = await ask(url, speaker, { kind: 'accountsOf', tokens });
    bound.push(...(found?.accountsOf ?? []).map(({ accounts }) => accounts[0]?.id));
  }
  return bound;
}
