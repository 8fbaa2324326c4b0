import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { query as queryCommand } from '../../cli/query.ts';
import { send as sendCommand } from '../../cli/send.ts';
import { run } from '../cli/run.ts';
import { ownAccountApi, secretOf } from '../conformance/own-account-api.ts';
import { CONFIG, temporaryFolder } from './instance.ts';
import { started } from './process.ts';

const query = (folder: string, ...options: string[]) => run(queryCommand, ['--json', ...options], { folder });
const login = (folder: string) =>
  run(sendCommand, ['login', '--app', 'tpns-android', '--token', 'phone-1', '--account', 'alice'], { folder });

test('an instance with a hosted API keeps the data of both, and leaves no process when it ends or is killed', async () => {
  const folder = temporaryFolder();
  const first = await started(folder, '--mirror', '--data', 'kept');
  expect(children(folder)).toHaveLength(1);
  expect(await first.end('SIGTERM')).toBe(0);
  await expect(fetch(first.instance.mirror?.url ?? '')).rejects.toThrow();
  expect(children(folder)).toEqual([]);
  const second = await started(folder, '--mirror', '--data', 'kept');
  expect(second.instance.mirror?.app).toEqual(first.instance.mirror?.app);
  await second.end('SIGKILL');
  await expect.poll(() => children(folder), { timeout: 10_000 }).toEqual([]);
});

/** Processes whose working directory is below the folder. The instance itself works in the folder. */
const children = (folder: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`);
    } catch {
      return false;
    }
  });

/** Writes a configuration whose app tpns-android is mirrored to an Account API. */
function mirroredTo(url: string): string {
  const folder = join(temporaryFolder(), 'configured');
  mkdirSync(folder);
  const file = join(folder, 'bindery.json');
  const mirror = { url, app: 'tpns-typed', dialect: 'tpns', settleS: 1 };
  const { apps, ...rest } = JSON.parse(readFileSync(CONFIG, 'utf8'));
  const own = apps.map((app: { id: string }) => (app.id === 'tpns-android' ? { ...app, mirror } : app));
  writeFileSync(file, JSON.stringify({ ...rest, apps: own }));
  return file;
}

test('an app whose configuration has a mirror is mirrored with the given secret', async () => {
  const other = await ownAccountApi();
  const folder = temporaryFolder();
  const secret = `tpns-android=${secretOf('tpns-typed')}`;
  const { instance, end } = await started(folder, '--config', mirroredTo(other.url), '--mirror-secret', secret);
  expect(instance.apps.find(({ mirrored }) => mirrored)?.id).toBe('tpns-android');
  await login(folder);
  const hosted = ['--url', other.url, '--app', 'tpns-typed', '--dialect', 'tpns', '--secret', secretOf('tpns-typed')];
  const reply = async () => JSON.parse((await query(folder, ...hosted, '--token', 'phone-1')).out).reply;
  await expect
    .poll(reply, { timeout: 20_000, interval: 500 })
    .toMatchObject({ token_accounts: [{ account_list: [{ account: 'alice' }] }] });
  await end('SIGTERM');
  await other.close();
});

test('an app whose mirror has no secret warns and accepts events', async () => {
  const folder = temporaryFolder();
  const { err, end } = await started(folder, '--config', mirroredTo('http://127.0.0.1:1'));
  const { code } = await login(folder);
  await end('SIGTERM');
  expect(code).toBe(0);
  expect(await err).toContain(
    'the mirror of app "tpns-android" waits for the secret of its hosted API: --mirror-secret tpns-android=SECRET',
  );
});
