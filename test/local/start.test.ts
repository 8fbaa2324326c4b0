import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfiguration } from '../../infra/configuration.ts';
import { Instance } from '../../local/description.ts';
import { listen } from '../../local/listening.ts';
import { CONFIG, run, started, temporaryFolder } from './started.ts';

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

/** Starts in a folder of its own, where it cannot be started: the lines it says. */
async function refused(...options: string[]): Promise<string[]> {
  const { code, out, err } = await run('cli/start.ts', ['--config', CONFIG, ...options], temporaryFolder());
  expect({ code, out }).toEqual({ code: 1, out: '' });
  return err.trimEnd().split('\n');
}

describe('with --json', () => {
  test('standard output is one line that says what there is, in the order of the configuration', async () => {
    const { instance, lines, end } = await started(temporaryFolder());
    expect((await end('SIGTERM')).code).toBe(0);
    expect(lines).toHaveLength(1);
    const read = readConfiguration(CONFIG);
    if ('problems' in read) throw new Error(read.problems.join('\n'));
    const { apps, sources } = read.configuration;
    expect(instance.apps).toEqual(
      apps.map((app) => ({ ...app, secretKey: expect.stringMatching(/^[A-Za-z0-9]{32}$/) })),
    );
    expect(instance.sources).toEqual(
      sources.map(({ id }) => ({ id, secret: expect.stringMatching(/^whsec_[A-Za-z0-9]{44}$/) })),
    );
    for (const url of [instance.url, instance.sqs, instance.dynamodb])
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('what the functions log goes to standard error', async () => {
    const { instance, lines, err, end } = await started(temporaryFolder());
    await fetch(`${instance.url}/events/app`, { method: 'POST', body: 'unsigned' });
    await end('SIGTERM');
    expect(lines).toHaveLength(1);
    expect(await err).toContain("reason: 'not_signed'");
  });
});

test('without --json, a person reads where it is, who may talk to it and what to try', async () => {
  const folder = temporaryFolder();
  const child = run('cli/start.ts', ['--port', '0', '--config', CONFIG], folder);
  const file = join(folder, '.bindery/local.json');
  await expect.poll(() => existsSync(file), { timeout: 20_000 }).toBe(true);
  const noted = JSON.parse(readFileSync(file, 'utf8'));
  process.kill(noted.pid, 'SIGINT');
  const { code, out } = await child;
  const instance = Instance.parse(noted);
  expect(code).toBe(0);
  for (const said of [instance.url, instance.sqs, instance.dynamodb]) expect(out).toContain(said);
  for (const { id, dialect, policy, platform, secretKey } of instance.apps)
    expect(out).toMatch(new RegExp(`^ +${[id, dialect, policy, platform, secretKey].join(' +')}$`, 'm'));
  for (const { id, secret } of instance.sources) expect(out).toMatch(new RegExp(`^ +${id} +${secret}$`, 'm'));
  expect(out.match(/^ {2}npm run (send|query) -- .+$/gm)).toHaveLength(3);
});

describe('a running instance', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('ends with exit code 0 on %s', async (signal) => {
    const { end } = await started(temporaryFolder());
    expect((await end(signal)).code).toBe(0);
  });

  test('leaves its description, for its user only, until it ends', async () => {
    const folder = temporaryFolder();
    const file = join(folder, '.bindery/local.json');
    const { instance, end } = await started(folder);
    expect(Instance.parse(JSON.parse(readFileSync(file, 'utf8')))).toEqual(instance);
    expect(modeOf(file)).toBe('600');
    await end('SIGINT');
    expect(existsSync(file)).toBe(false);
  });

  test('leaves the description of another that was started later', async () => {
    const folder = temporaryFolder();
    const first = await started(folder);
    const second = await started(folder);
    await first.end('SIGINT');
    const noted = JSON.parse(readFileSync(join(folder, '.bindery/local.json'), 'utf8'));
    expect(noted.url).toBe(second.instance.url);
  });

  test('without --data has secrets of its own in each run', async () => {
    const folder = temporaryFolder();
    const [one, other] = [await started(folder), await started(folder)];
    expect(one.instance.apps[0]?.secretKey).not.toBe(other.instance.apps[0]?.secretKey);
    expect(one.instance.sources[0]?.secret).not.toBe(other.instance.sources[0]?.secret);
  });

  test('with --data has the same secrets in each run, in a file for its user only', async () => {
    const folder = temporaryFolder();
    const { instance, end } = await started(folder, '--data', 'kept');
    await end('SIGKILL');
    expect(modeOf(join(folder, 'kept/secrets.json'))).toBe('600');
    const again = await started(folder, '--data', 'kept');
    expect(again.instance.apps).toEqual(instance.apps);
    expect(again.instance.sources).toEqual(instance.sources);
  });

  test('gives an app that was added since its data were made a secret, and leaves the others', async () => {
    const folder = temporaryFolder();
    const { instance, end } = await started(folder, '--data', 'kept');
    await end('SIGTERM');
    const { apps, ...rest } = JSON.parse(readFileSync(CONFIG, 'utf8'));
    const config = join(folder, 'more.json');
    writeFileSync(config, JSON.stringify({ ...rest, apps: [{ id: 'new', dialect: 'xg', platform: 'ios' }, ...apps] }));
    const again = await started(folder, '--data', 'kept', '--config', config);
    expect(again.instance.apps.slice(1)).toEqual(instance.apps);
    expect(again.instance.apps[0]).toMatchObject({ id: 'new', secretKey: expect.stringMatching(/^[A-Za-z0-9]{32}$/) });
  });
});

describe('what the user can put right is one line each, with exit code 1:', () => {
  test('an unknown option', async () => {
    expect(await refused('--prot', '1')).toEqual(["Unknown option '--prot': see --help"]);
  });

  test.each(['abc', '-1', '65536', '1.5', ''])('a port that is none: "%s"', async (port) => {
    expect(await refused(`--port=${port}`)).toEqual([`--port ${port}: a port is a number from 0 to 65535`]);
  });

  test('a port that is in use', async () => {
    const other = createServer();
    onTestFinished(() => void other.close());
    const { port } = new URL(await listen(other));
    expect(await refused('--port', port)).toEqual([`port ${port} is in use: choose another with --port, 0 is any`]);
  });

  test('a data folder that cannot be', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(await refused('--port', '0', '--data', `${file}/data`)).toEqual([
      `data cannot be kept in ${file}/data: not a directory`,
    ]);
  });

  test('a data folder that another instance uses', async () => {
    const folder = temporaryFolder();
    await started(folder, '--data', folder);
    expect(await refused('--port', '0', '--data', folder)).toEqual([`${folder} is in use by another running instance`]);
  });

  test('secrets that were edited into something else', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'secrets.json');
    writeFileSync(file, '{"apps":[]}');
    expect(await refused('--port', '0', '--data', folder)).toEqual([
      `${file} cannot be read as development secrets: delete it to get new ones`,
    ]);
  });

  test.each([
    [['--mirror-faults', 'late'], '--mirror-faults: goes with --mirror'],
    [['--mirror', '--mirror-faults', 'late,slow'], '--mirror-faults late,slow: faults are late, lost, 5xx, reorder'],
    [['--mirror', '--mirror-faults', ''], '--mirror-faults : faults are late, lost, 5xx, reorder'],
    [
      ['--mirror-secret', 'xg-android=secret'],
      '--mirror-secret: is APP=SECRET, where APP is an app of the configuration that has a mirror',
    ],
  ])('options of mirrors that cannot be: %j', async (options, line) => {
    expect(await refused('--port', '0', ...options)).toEqual([line]);
  });

  test('a mirror where no app can have one', async () => {
    const file = join(temporaryFolder(), 'many.json');
    const apps = [{ id: 'many', dialect: 'tpns', platform: 'ios' }];
    writeFileSync(file, JSON.stringify({ apps, sources: [{ id: 'app', kind: 'standard-webhooks', apps: ['many'] }] }));
    expect(await refused('--mirror', '--config', file)).toEqual([
      '--mirror needs an app without a mirror whose policy is "one-per-type", as TPNS has it',
    ]);
  });

  test('a configuration that is not there', async () => {
    expect(await refused('--config', 'none.json')).toEqual(['none.json: cannot be read']);
  });

  test('a configuration, with each of its problems and the place', async () => {
    const file = join(temporaryFolder(), 'broken.json');
    const apps = [
      { id: 'a b', dialect: 'xg', platform: 'ios' },
      { id: 'b', dialect: 'gx', platform: 'ios' },
    ];
    writeFileSync(file, JSON.stringify({ apps, sources: [{ id: 'app', kind: 'standard-webhooks', apps: ['c'] }] }));
    const lines = await refused('--config', file);
    const places = lines.map((line) => /^(.+?): (\S+): /.exec(line)?.slice(1));
    expect(places).toEqual([
      [file, 'apps[0].id'],
      [file, 'apps[1].dialect'],
      [file, 'sources[0].apps[0]'],
    ]);
  });
});

test('--help says what there is to say and starts nothing', async () => {
  const { code, out } = await run('cli/start.ts', ['--help'], temporaryFolder());
  expect(code).toBe(0);
  for (const option of ['--port', '--data', '--config', '--json', '--mirror', '--mirror-faults', '--mirror-secret'])
    expect(out).toContain(option);
});
