import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { App, Mirror } from '../../functions/core/configuration.ts';

const app = { id: 'shop', dialect: 'xg', platform: 'android' };
const source = { id: 'backend', kind: 'standard-webhooks', apps: ['shop'] };
const mirror = { url: 'https://api.tpns.example.com', app: '1500001', dialect: 'xg' };

const issues = (value: unknown) => {
  const result = Configuration.safeParse(value);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
};

test('the configuration that comes with the project is valid', async () => {
  const { stages: _, ...file } = JSON.parse(await readFile(new URL('../../bindery.json', import.meta.url), 'utf8'));
  expect(issues(file)).toEqual([]);
});

test('the default policy is that of the dialect: many for XG, one account of each type for TPNS', () => {
  const policyOf = (more: object) => App.parse({ ...app, ...more }).policy;
  expect(policyOf({})).toBe('many');
  expect(policyOf({ dialect: 'tpns' })).toBe('one-per-type');
  expect(policyOf({ dialect: 'tpns', policy: 'many' })).toBe('many');
});

test('the configuration that comes with the project states the policy of every app', async () => {
  const { apps } = JSON.parse(await readFile(new URL('../../bindery.json', import.meta.url), 'utf8'));
  for (const one of apps) expect(one).toMatchObject({ policy: App.parse({ ...one, policy: undefined }).policy });
});

test('the default account type of a source is 0', () => {
  const { sources } = Configuration.parse({ apps: [app], sources: [source] });
  expect(sources[0]?.accountType).toBe(0);
});

test.each([
  ['with two apps of one id', { apps: [app, app], sources: [source] }, 'apps: "shop" is used twice'],
  ['with two sources of one id', { apps: [app], sources: [source, source] }, 'sources: "backend" is used twice'],
  [
    'with a source that reaches no such app',
    { apps: [app], sources: [{ ...source, apps: ['shop', 'stage'] }] },
    'sources.0.apps.1: there is no app "stage"',
  ],
])('a configuration is refused %s', (_, value, issue) => {
  expect(issues(value)).toEqual([issue]);
});

test.each([
  ['without apps', { apps: [], sources: [source] }],
  ['without sources', { apps: [app], sources: [] }],
  ['with a misspelt key', { apps: [{ ...app, polcy: 'many' }], sources: [source] }],
  ['with an id that means something in a URL or a key', { apps: [{ ...app, id: 'a/b#c' }], sources: [source] }],
])('a configuration is refused %s', (_, value) => {
  expect(issues(value)).not.toEqual([]);
});

test('all faults of a configuration are reported at once', () => {
  const value = { apps: [{ ...app, dialect: 'fcm' }, app], sources: [{ ...source, kind: 'x y', apps: ['nothing'] }] };
  expect(issues(value).map((issue) => issue.split(':')[0])).toEqual([
    'apps.0.dialect',
    'sources.0.kind',
    'apps',
    'sources.0.apps.0',
  ]);
});

test('a mirror is reached over https, or on this machine', () => {
  const isValid = (url: unknown) => Mirror.safeParse({ ...mirror, url }).success;
  expect([mirror.url, 'http://127.0.0.1:4566/'].map(isValid)).toEqual([true, true]);
  const others = ['http://api.tpns.example.com', 'http://localhost.example.com', 'ftp://localhost/'];
  expect([...others, 'nonsense', 'https://', '', undefined].filter(isValid)).toEqual([]);
});

test('a mirror that passes requests on needs the same id and dialect there', () => {
  const isValid = (more: object) =>
    App.safeParse({ ...app, mirror: { ...mirror, app: 'shop', passThrough: true, ...more } }).success;
  expect([{}, { app: 'other' }, { dialect: 'tpns' }].map(isValid)).toEqual([true, false, false]);
  expect(App.parse({ ...app, mirror }).mirror?.passThrough).toBe(false);
});

test('a mirror at hosted TPNS needs the policy one-per-type', () => {
  const mirrored = { ...app, mirror: { ...mirror, dialect: 'tpns' } };
  expect(App.safeParse(mirrored).success).toBe(false);
  expect(App.safeParse({ ...mirrored, policy: 'one-per-type' }).success).toBe(true);
});

const identity = { id: 'id', apps: ['shop'], issuer: 'https://id.example', audience: ['app'] };

test.each([
  ['with a signature that the public key would forge', { algorithms: ['HS256'] }, 'identities.0.algorithms.0'],
  ['without signature', { algorithms: ['none'] }, 'identities.0.algorithms.0'],
  ['without keys, whose issuer has no discovery document', { issuer: 'my-issuer' }, 'identities.0.jwks: is missing'],
  ['whose issuer is asked without encryption', { issuer: 'http://id.example' }, 'identities.0.jwks: is missing'],
  ['whose keys come without encryption', { jwks: 'http://id.example/keys' }, 'identities.0.jwks: must be https'],
  ['with a private key', { jwks: { keys: [{ kty: 'EC', d: 'x' }] } }, 'identities.0.jwks'],
  ['with a secret key', { jwks: { keys: [{ kty: 'oct', k: 'x' }] } }, 'identities.0.jwks'],
  ['without an audience', { audience: 7 }, 'identities.0.audience: must be a text or a list of texts'],
  ['of no such app', { apps: ['stage'] }, 'identities.0.apps.0: there is no app "stage"'],
])('an identity provider is refused %s', (_, change, issue) => {
  const [first = ''] = issues({ apps: [app], sources: [source], identities: [{ ...identity, ...change }] });
  expect(first.startsWith(issue), first).toBe(true);
});

test('one audience is a list of one', () => {
  const { identities } = Configuration.parse({
    apps: [app],
    sources: [source],
    identities: [{ ...identity, audience: 'app' }],
  });
  expect(identities[0]?.audience).toEqual(['app']);
});

test('the identity providers in docs/phone.md are valid', async () => {
  const page = await readFile(new URL('../../docs/phone.md', import.meta.url), 'utf8');
  const [, list = ''] = /```json\n("identities": \[[\s\S]*?)```/.exec(page) ?? [];
  const apps = [{ ...app, id: 'xg-android' }];
  const { identities } = JSON.parse(`{${list}}`);
  expect(identities).toHaveLength(9);
  expect(issues({ apps, sources: [{ ...source, apps: ['xg-android'] }], identities })).toEqual([]);
});

test('an identity provider needs an issuer and an audience only', () => {
  expect(issues({ apps: [app], sources: [source], identities: [identity] })).toEqual([]);
});
