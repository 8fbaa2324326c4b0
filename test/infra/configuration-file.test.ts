import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { accountApiClient } from '../../functions/account-api/client.ts';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { configurationFor, readConfiguration } from '../../infra/configuration.ts';

const folder = mkdtempSync(join(tmpdir(), 'bindery-configuration-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'bindery.json');
const problemsOf = (text: string): string[] => {
  writeFileSync(file, text);
  const read = readConfiguration(file);
  return 'problems' in read ? read.problems.map((problem) => problem.replace(`${file}: `, '')) : [];
};

test('all problems are reported at once, each with its place', () => {
  const text = JSON.stringify({
    apps: [
      { id: 'a b', dialect: 'xgg', platform: 'android', extra: 1 },
      { id: 'ios', dialect: 'xg', platform: 'ios', mirror: { url: 'http://push.example', app: '1', dialect: 'xg' } },
    ],
    sources: [],
  });
  expect(problemsOf(text).map((problem) => problem.split(': ')[0])).toEqual([
    'apps[0].id',
    'apps[0].dialect',
    'apps[0]',
    'apps[1].mirror.url',
    'sources',
  ]);
});

test('a source of an unknown app is a problem', () => {
  const app = { id: 'ios', dialect: 'xg', platform: 'ios' };
  const source = { id: 'web', kind: 'standard-webhooks', apps: ['ios', 'tvos'] };
  expect(problemsOf(JSON.stringify({ apps: [app], sources: [source] }))).toEqual([
    'sources[0].apps[1]: there is no app "tvos"',
  ]);
});

test.each([
  ['with a user and a password', 'https://user:pw@tpns.example'],
  ['with a query string', 'https://tpns.example/x?a=b'],
  ['with a fragment', 'https://tpns.example/#c'],
  ['without TLS on another machine', 'http://tpns.example'],
  ['that is none', 'tpns.example'],
])("a mirror's URL %s is refused before a deployment, in the words of the client", (_, url) => {
  const mirror = { url, app: '1500000001', dialect: 'xg' } as const;
  const apps = [{ id: 'ios', dialect: 'xg', platform: 'ios', mirror }];
  const sources = [{ id: 'web', kind: 'standard-webhooks', apps: ['ios'] }];
  const problems = problemsOf(JSON.stringify({ apps, sources }));
  expect(problems).toEqual([expect.stringMatching(/^apps\[0\]\.mirror\.url: /)]);
  const client = { ...mirror, secret: 's', authentication: 'basic', timeoutMs: 1, now: () => 0 } as const;
  expect(() => accountApiClient(client)).toThrow(problems[0]?.replace('apps[0].mirror.url:', 'url'));
  expect(problems.join()).not.toContain('pw');
});

test('the faults of a source are listed beside those of other parts of the file', () => {
  const apps = [{ id: 'ios', dialect: 'xg', platform: 'ios' }];
  const sources = [{ id: 'web', kind: 'auth0', apps: ['ios'] }];
  const identities = [{ id: 'auth0', apps: ['ios'], issuer: 'https://tenant.eu.auth0.com/', audience: 7 }];
  const problems = problemsOf(JSON.stringify({ apps, sources, identities }));
  expect(problems.sort()).toEqual([
    'identities[0].audience: must be a text or a list of texts',
    expect.stringMatching(/^sources\[0\]\.kind: there is no kind "auth0"/),
  ]);
});

test('a file that is not JSON is one problem', () => {
  expect(problemsOf('{ "apps" [')).toEqual([expect.stringMatching(/^is not JSON: .* position 9/)]);
});

test('account-api gets the mirror of an app that passes requests on, and of no other; events gets none', () => {
  const mirror = { url: 'https://api.tpns.example.com', dialect: 'tpns' };
  const app = (id: string, more: object) => ({
    id,
    dialect: 'tpns',
    platform: 'ios',
    mirror: { ...mirror, app: id, ...more },
  });
  const apps = [app('push', { passThrough: true }), app('quiet', {})];
  const source = { id: 'app', kind: 'standard-webhooks', apps: ['push'] };
  const configuration = Configuration.parse({ apps, sources: [source] });
  const mirrored = (door: 'events' | 'account-api') =>
    Configuration.parse({ sources: [source], ...JSON.parse(configurationFor(door, configuration)) })
      .apps.filter(({ mirror }) => mirror !== undefined)
      .map(({ id }) => `${id}`);
  expect([mirrored('account-api'), mirrored('events')]).toEqual([['push'], []]);
});

test.each<[string, object, string[]]>([
  ['of no kind', { kind: 'clerc' }, ['kind: there is no kind "clerc": perhaps "clerk"']],
  ['with an option that its kind has not', { options: { issuer: 'x' } }, ['options: Unrecognized key: "issuer"']],
  [
    'with an account that its kind cannot read',
    { kind: 'clerk', account: 'email' },
    ['account: must be one of id, external_id'],
  ],
  [
    'whose events name accounts',
    { account: 'id', transform: {} },
    [
      'account: the events of this kind name accounts themselves',
      'transform: the events of this kind name accounts as they are',
    ],
  ],
  [
    'of a provider that signs tickets',
    { kind: 'clerk', tickets: true },
    ["tickets: only the app's own source signs them"],
  ],
])('a source %s is a problem', (_, fields, problems) => {
  const apps = [{ id: 'ios', dialect: 'tpns', policy: 'many', platform: 'ios' }];
  const sources = [{ id: 'web', kind: 'standard-webhooks', apps: ['ios'], ...fields }];
  expect(problemsOf(JSON.stringify({ apps, sources }))).toEqual(problems.map((one) => `sources[0].${one}`));
});
