import { expect, test } from 'vitest';
import { Caller } from './caller.ts';
import { temporaryFolder } from './instance.ts';
import { started } from './process.ts';

const LOGINS = 1_000;
const APP = 'xg-android';

test('an instance that is killed in a burst of 1,000 logins has every accepted login and its secrets after its next start', async () => {
  const folder = temporaryFolder();
  const before = await started(folder, '--data', folder);
  const accepted = await burst(new Caller(before.instance), async (count) => {
    if (count === LOGINS / 2) await before.end('SIGKILL');
  });
  expect(accepted.length).toBeGreaterThanOrEqual(LOGINS / 2);
  expect(accepted.length).toBeLessThan(LOGINS);

  const { instance } = await started(folder, '--data', folder);
  const secretsOf = ({ apps, sources }: typeof instance) => [apps.map((app) => app.secretKey), sources];
  expect(secretsOf(instance)).toEqual(secretsOf(before.instance));
  const after = new Caller(instance);
  await after.idle();
  expect(await after.accountsOf(APP, accepted.map(tokenOf))).toEqual(accepted.map((i) => [accountOf(i)]));
});

const tokenOf = (i: number): string => `phone-${i}`;
const accountOf = (i: number): string => `account-${i}`;

/** Logs in on 1,000 phones, some at a time. Returns the numbers of the accepted logins. */
async function burst(caller: Caller, onAccepted: (count: number) => Promise<void>): Promise<number[]> {
  const waiting = Array.from({ length: LOGINS }, (_, i) => i).values();
  const accepted: number[] = [];
  const sender = async () => {
    for (const i of waiting) {
      const login = { app: APP, token: tokenOf(i), account: accountOf(i) };
      const status = await caller.send('user.login', login).catch(() => undefined);
      if (status === undefined) return;
      if (status !== 200 && status !== 202) continue;
      accepted.push(i);
      await onAccepted(accepted.length);
    }
  };
  await Promise.all(Array.from({ length: 24 }, sender));
  return accepted.sort((a, b) => a - b);
}
