import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { start } from '../../cli/start.ts';
import { deleteInstance, Instance, runningInstances, writeInstance } from '../../local/description.ts';
import { run } from '../cli/run.ts';
import { CONFIG, exampleConfiguration, modeOf, temporaryFolder } from './instance.ts';
import { launch, started } from './process.ts';

/** The one description in a folder; undefined if there is none. */
function descriptionIn(folder: string): string | undefined {
  const own = join(folder, '.bindery');
  const [name, ...more] = existsSync(own) ? readdirSync(own).filter((file) => file.startsWith('instance-')) : [];
  expect(more).toEqual([]);
  return name && join(own, name);
}

test('`start --json` prints the instance as one line, in the order of the configuration, and logs to standard error', async () => {
  const folder = temporaryFolder();
  const { instance, lines, err, end } = await started(folder);
  const file = descriptionIn(folder) ?? '';
  expect(Instance.parse(JSON.parse(readFileSync(file, 'utf8')))).toEqual(instance);
  expect([file, dirname(file)].map(modeOf)).toEqual(['600', '700']);
  await fetch(`${instance.url}/events/app`, { method: 'POST', body: 'unsigned' });
  expect(await end('SIGTERM')).toBe(0);
  expect(descriptionIn(folder)).toBeUndefined();
  expect(await err).toContain('"reason":"not_signed"');
  expect(lines).toHaveLength(1);
  const { apps, sources } = exampleConfiguration();
  expect(instance.apps).toEqual(apps.map((app) => ({ ...app, secretKey: expect.stringMatching(/^[A-Za-z0-9]{32}$/) })));
  expect(instance.sources).toEqual(
    sources.map(({ id }) => ({ id, secret: expect.stringMatching(/^whsec_[A-Za-z0-9]{44}$/) })),
  );
  const issuer = { id: 'development', issuer: 'https://identity.bindery.invalid', audience: 'bindery' };
  expect(instance.identities).toEqual([{ ...issuer, privateJwk: expect.objectContaining({ crv: 'P-256' }) }]);
  expect(instance.readers).toEqual([{ id: 'development', secret: expect.stringMatching(/^[A-Za-z0-9]{44}$/) }]);
  for (const url of [instance.url, instance.sqs, instance.dynamodb]) expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test('`start` prints addresses, secrets and commands to try for a person, and ends with exit code 0 on SIGINT', async () => {
  const folder = temporaryFolder();
  const child = launch(['start', '--port', '0', '--config', CONFIG], folder);
  const [exit, output] = [once(child, 'exit'), text(child.stdout)];
  await expect.poll(() => descriptionIn(folder), { timeout: 20_000 }).toBeDefined();
  const instance = Instance.parse(JSON.parse(readFileSync(descriptionIn(folder) ?? '', 'utf8')));
  child.kill('SIGINT');
  expect((await exit)[0]).toBe(0);
  const out = await output;
  for (const url of [instance.url, instance.sqs, instance.dynamodb]) expect(out).toContain(url);
  for (const { id, dialect, policy, platform, secretKey } of instance.apps)
    expect(out).toMatch(new RegExp(`^ +${[id, dialect, policy, platform, secretKey].join(' +')}$`, 'm'));
  for (const { id, secret } of [...instance.sources, ...instance.readers])
    expect(out).toMatch(new RegExp(`^ +${id} +${secret}$`, 'm'));
  expect(out.match(/^ {2}npx bindery (send|query) .+$/gm)).toHaveLength(3);
});

const onPort = (port: number): Instance => ({
  url: `http://127.0.0.1:${port}`,
  apps: [],
  sources: [],
  providers: [],
  sourceQueues: [],
  identities: [],
  readers: [],
  sqs: '',
  dynamodb: '',
});

test('the description of an instance that another process started later is not deleted', () => {
  const folder = temporaryFolder();
  writeInstance(onPort(1), folder);
  const file = descriptionIn(folder) ?? '';
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), pid: 1 }));
  deleteInstance(onPort(1), folder);
  expect(descriptionIn(folder)).toBe(file);
});

test('two instances of one directory both stay known, the newest first, and the end of one leaves the other', () => {
  const folder = temporaryFolder();
  expect(runningInstances(folder)).toEqual([]);
  writeInstance(onPort(1), folder, 2_000);
  writeInstance(onPort(2), folder, 1_000);
  expect(runningInstances(folder)).toMatchObject([onPort(1), onPort(2)]);
  deleteInstance(onPort(1), folder);
  expect(runningInstances(folder)).toMatchObject([onPort(2)]);
});

test('the description of an instance that was killed counts no more, and the next start deletes it', () => {
  const folder = temporaryFolder();
  writeInstance(onPort(1), folder);
  const file = descriptionIn(folder) ?? '';
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), pid }));
  expect(runningInstances(folder)).toEqual([]);
  writeInstance(onPort(2), folder);
  expect(existsSync(file)).toBe(false);
});

test('a start without --data keeps the development secrets for the next one, and writes them into .env with --env', async () => {
  const folder = temporaryFolder();
  const first = await started(folder, '--env');
  const second = await started(folder);
  const keptIn = ({ apps, sources, identities, readers }: Instance) => ({ apps, sources, identities, readers });
  expect(keptIn(second.instance)).toEqual(keptIn(first.instance));
  expect(modeOf(join(folder, '.bindery/secrets.json'))).toBe('600');
  expect(readFileSync(join(folder, '.env'), 'utf8')).toContain(
    `\nBINDERY_URL=${first.instance.url}\nBINDERY_SECRET_OF_SOURCE_APP=${first.instance.sources[0]?.secret}\n`,
  );
});

/** The lines of the error when an instance cannot start. */
async function refused(...options: string[]): Promise<string[]> {
  const { code, out, err } = await run(start, ['--config', CONFIG, ...options], { folder: temporaryFolder() });
  expect({ code, out }).toEqual({ code: 1, out: '' });
  return err.trimEnd().split('\n');
}

test.each([
  [['--prot', '1'], "unknown option '--prot' (Did you mean --port?). Run with --help."],
  [['now'], 'too many arguments. Expected 0 arguments but got 1. Run with --help.'],
  ...['abc', '-1', '65536', '1.5', ''].map((port): [string[], string] => [
    [`--port=${port}`],
    `--port ${port}: a port is a number from 0 to 65535`,
  ]),
  [['--mirror-faults', 'late'], '--mirror-faults needs --mirror'],
  [['--mirror', '--mirror-faults', 'late,slow'], '--mirror-faults late,slow: faults are late, lost, 5xx, reorder'],
  [['--mirror', '--mirror-faults', ''], '--mirror-faults : faults are late, lost, 5xx, reorder'],
  [
    ['--mirror-secret', 'xg-android=secret'],
    '--mirror-secret takes APP=SECRET, where APP is an app of the configuration that has a mirror',
  ],
  [['--app-secret', 'shop=secret'], '--app-secret takes ID=SECRET, where ID is an app of the configuration'],
  [['--config', 'none.json'], 'none.json: does not exist'],
])('`start %j` is refused in one line', async (options, line) => {
  expect(await refused(...options)).toEqual([line]);
});

test.each([
  [
    'a folder that cannot be made',
    (file: string) => ['--data', `${file}/data`],
    (file: string) => `data cannot be kept in ${file}/data: not a directory`,
  ],
  [
    'a folder whose file of secrets was edited into something else',
    (file: string) => ['--data', dirname(file)],
    (file: string) => `${file} cannot be read as development secrets: delete it to get new ones`,
  ],
])('%s is refused for data', async (_, options, line) => {
  const file = join(temporaryFolder(), 'secrets.json');
  writeFileSync(file, '{"apps":[]}');
  expect(await refused('--port', '0', ...options(file))).toEqual([line(file)]);
});

test('a data folder that exists is closed to others, unless it has files of the user, and another instance is refused', async () => {
  const [folder, shared] = [temporaryFolder(), temporaryFolder()];
  for (const each of [folder, shared]) chmodSync(each, 0o755);
  writeFileSync(join(shared, 'mine'), '');
  await started(shared, '--data', folder);
  const second = await started(shared, '--data', shared);
  await second.end('SIGTERM');
  const modes = (path: string) => [path, join(path, 'queues'), join(path, 'table')].map(modeOf);
  expect([modes(folder), modes(shared)]).toEqual([
    ['700', '700', '700'],
    ['755', '700', '700'],
  ]);
  expect(await refused('--port', '0', '--data', folder)).toEqual([`${folder} is in use by another running instance`]);
});

test.each([
  [
    '--mirror is refused if no app can have a mirror',
    [{ id: 'c', dialect: 'tpns', policy: 'many', platform: 'ios' }],
    () => ['--mirror needs an app without a mirror whose policy is "one-per-type", as TPNS has it'],
  ],
  [
    'an invalid configuration is refused with a line and a place for each problem',
    [{ id: 'a b', dialect: 'xg', platform: 'ios' }],
    (file: string) =>
      [`${file}: apps[0].id: `, `${file}: sources[0].apps[0]: `].map((text) => expect.stringContaining(text)),
  ],
])('%s', async (_, apps, lines) => {
  const file = join(temporaryFolder(), 'bindery.json');
  writeFileSync(file, JSON.stringify({ apps, sources: [{ id: 'app', kind: 'standard-webhooks', apps: ['c'] }] }));
  expect(await refused('--mirror', '--config', file)).toEqual(lines(file));
});
