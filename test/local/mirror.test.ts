import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Instance } from '../../local/description.ts';
import { ownAccountApi, secretOf } from '../conformance/own-account-api.ts';
import { CONFIG, run, started, temporaryFolder } from './started.ts';

const query = (folder: string, ...options: string[]) => run('cli/query.ts', ['--json', ...options], folder);
const send = (folder: string, ...options: string[]) => run('cli/send.ts', options, folder);

/** Whether nobody answers there any more. */
const isGone = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => false,
    () => true,
  );

describe('an instance with a hosted side', () => {
  test('names it and the app that is mirrored, shows a login there after a while, and ends with it', async () => {
    const folder = temporaryFolder();
    const { instance, lines, end } = await started(folder, '--mirror');
    expect(lines).toHaveLength(1);
    expect(instance.mirror).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      app: {
        id: 'hosted',
        dialect: 'tpns',
        policy: 'one-per-type',
        platform: 'android',
        secretKey: expect.stringMatching(/^\w{32}$/),
      },
    });
    expect(instance.apps.flatMap(({ id, mirrored }) => (mirrored ? [id] : []))).toEqual(['tpns-android']);

    await send(folder, 'login', '--app', 'tpns-android', '--token', 'phone-1', '--account', 'alice');
    const hosted = async () => JSON.parse((await query(folder, '--hosted', '--token', 'phone-1')).out).reply;
    await expect
      .poll(hosted, { timeout: 20_000, interval: 500 })
      .toMatchObject({ retCode: 0, token_accounts: [{ token: 'phone-1', account_list: [{ account: 'alice' }] }] });

    expect((await end('SIGTERM')).code).toBe(0);
    expect(await isGone(instance.mirror?.url ?? '')).toBe(true);
    expect(children(folder)).toEqual([]);
  });

  test('that is killed leaves no process behind', async () => {
    const folder = temporaryFolder();
    const { end } = await started(folder, '--mirror', '--data', 'kept');
    expect(children(folder)).toHaveLength(1);
    await end('SIGKILL');
    await expect.poll(() => children(folder), { timeout: 10_000 }).toEqual([]);
  });

  test('that keeps its data keeps those of the hosted side too', async () => {
    const folder = temporaryFolder();
    const first = await started(folder, '--mirror', '--data', 'kept');
    await first.end('SIGTERM');
    const second = await started(folder, '--mirror', '--data', 'kept');
    expect(second.instance.mirror?.app).toEqual(first.instance.mirror?.app);
  });
});

/** Processes that work in the folder or below it, but for the instance itself. */
const children = (folder: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`);
    } catch {
      return false;
    }
  });

/** A configuration whose app is mirrored to somebody else's Account API. */
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

describe('an app whose configuration has a mirror', () => {
  test('is mirrored with the secret that was given', async () => {
    const other = await ownAccountApi();
    const folder = temporaryFolder();
    const secret = `tpns-android=${secretOf('tpns-typed')}`;
    const { instance, end } = await started(folder, '--config', mirroredTo(other.url), '--mirror-secret', secret);
    expect(Instance.parse(instance).apps.find(({ mirrored }) => mirrored)?.id).toBe('tpns-android');
    await send(folder, 'login', '--app', 'tpns-android', '--token', 'phone-1', '--account', 'alice');
    const held = ['--url', other.url, '--app', 'tpns-typed', '--dialect', 'tpns', '--secret', secretOf('tpns-typed')];
    const shown = async () => JSON.parse((await query(folder, ...held, '--token', 'phone-1')).out).reply;
    await expect
      .poll(shown, { timeout: 20_000, interval: 500 })
      .toMatchObject({ token_accounts: [{ account_list: [{ account: 'alice' }] }] });
    await end('SIGTERM');
    await other.close();
  });

  test('waits for its secret, says so, and takes events meanwhile', async () => {
    const folder = temporaryFolder();
    const { err, end } = await started(folder, '--config', mirroredTo('http://127.0.0.1:1'));
    const { code } = await send(folder, 'login', '--app', 'tpns-android', '--token', 'phone-1', '--account', 'alice');
    await end('SIGTERM');
    expect(code).toBe(0);
    expect(await err).toContain(
      'the mirror of app "tpns-android" waits for the secret of its hosted side: --mirror-secret tpns-android=SECRET',
    );
  });
});

test('a hosted side is asked for only where there is one', async () => {
  const folder = temporaryFolder();
  await started(folder);
  expect((await query(folder, '--hosted', '--token', 'phone-1')).err.trimEnd()).toBe(
    'there is no hosted side: start one with `npm start -- --mirror`, or name yours with --url',
  );
});
