import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { App, Configuration, Mirror } from '../../functions/core/configuration.ts';

const app = { id: 'shop', dialect: 'xg', platform: 'android' };
const source = { id: 'backend', kind: 'standard-webhooks', apps: ['shop'] };
const mirror = { url: 'https://api.tpns.example.com', app: '1500001', dialect: 'xg' };

const issues = (value: unknown) => {
  const result = Configuration.safeParse(value);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
};

test('the configuration that comes with the project is one', async () => {
  expect(issues(JSON.parse(await readFile(new URL('../../bindery.json', import.meta.url), 'utf8')))).toEqual([]);
});

test('an app holds many accounts on a token, and a source means accounts of type 0, unless they say otherwise', () => {
  const { apps, sources } = Configuration.parse({ apps: [app], sources: [source] });
  expect(apps[0]?.policy).toBe('many');
  expect(sources[0]?.accountType).toBe(0);
});

describe('a configuration is refused', () => {
  test.each([
    ['with two apps of one id', { apps: [app, app], sources: [source] }, 'apps: "shop" is used twice'],
    ['with two sources of one id', { apps: [app], sources: [source, source] }, 'sources: "backend" is used twice'],
    [
      'with a source that reaches no such app',
      { apps: [app], sources: [{ ...source, apps: ['shop', 'stage'] }] },
      'sources.0.apps.1: there is no app "stage"',
    ],
  ])('%s', (_, value, issue) => {
    expect(issues(value)).toEqual([issue]);
  });

  test.each([
    ['without apps', { apps: [], sources: [source] }],
    ['without sources', { apps: [app], sources: [] }],
    ['with a misspelt key', { apps: [{ ...app, polcy: 'many' }], sources: [source] }],
    ['with an id that means something in a URL or a key', { apps: [{ ...app, id: 'a/b#c' }], sources: [source] }],
  ])('%s', (_, value) => {
    expect(issues(value)).not.toEqual([]);
  });
});

test('everything that is wrong is said at once', () => {
  const value = { apps: [{ ...app, dialect: 'fcm' }, app], sources: [{ ...source, kind: 'x', apps: ['nothing'] }] };
  expect(issues(value).map((issue) => issue.split(':')[0])).toEqual([
    'apps.0.dialect',
    'sources.0.kind',
    'apps',
    'sources.0.apps.0',
  ]);
});

describe('a mirror', () => {
  test('is reached over https, or on this machine', () => {
    expect(Mirror.safeParse(mirror).success).toBe(true);
    expect(Mirror.safeParse({ ...mirror, url: 'http://127.0.0.1:4566/' }).success).toBe(true);
    expect(Mirror.safeParse({ ...mirror, url: 'http://api.tpns.example.com' }).success).toBe(false);
    expect(Mirror.safeParse({ ...mirror, url: 'http://localhost.example.com' }).success).toBe(false);
    expect(Mirror.safeParse({ ...mirror, url: 'ftp://localhost/' }).success).toBe(false);
  });

  test('has a URL: what is none is refused like any other value', () => {
    for (const url of ['nonsense', 'https://', '', undefined])
      expect(Mirror.safeParse({ ...mirror, url }).success).toBe(false);
  });

  test('at hosted TPNS needs the policy that hosted TPNS has', () => {
    const mirrored = { ...app, mirror: { ...mirror, dialect: 'tpns' } };
    expect(App.safeParse(mirrored).success).toBe(false);
    expect(App.safeParse({ ...mirrored, policy: 'one-per-type' }).success).toBe(true);
  });
});
