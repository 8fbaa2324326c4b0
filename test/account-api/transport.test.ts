import { expect, test } from 'vitest';
import { accountApiClient } from '../../functions/account-api/client.ts';

const OPTIONS = {
  url: 'https://api.tpns.tencent.com',
  app: '1500001048',
  secret: 'never shown',
  dialect: 'tpns',
  authentication: 'sign',
  timeoutMs: 5_000,
  now: () => 0,
} as const;

test.each([
  'https://api.tpns.tencent.com',
  'https://openapi.xg.qq.com/',
  'https://host.example/stage',
  'http://localhost:8787',
  'http://127.0.0.1:8787',
  'http://[::1]:8787',
])('the URL %s is accepted', async (url) => {
  await accountApiClient({ ...OPTIONS, url }).close();
});

test.each([
  ['http://api.tpns.tencent.com', 'must be https, or http on this machine'],
  ['http://localhost.example.com', 'must be https, or http on this machine'],
  ['http://127.0.0.1.example.com', 'must be https, or http on this machine'],
  ['ftp://localhost', 'must be https, or http on this machine'],
  ['file:///etc/hosts', 'must be https, or http on this machine'],
  ['api.tpns.tencent.com', 'is not a URL'],
  ['', 'is not a URL'],
  ['https://user:password@host.example', 'must have a host, perhaps a path, and nothing else'],
  ['https://host.example/?stage=1', 'must have a host, perhaps a path, and nothing else'],
  ['https://host.example/#stage', 'must have a host, perhaps a path, and nothing else'],
])('the URL "%s" is refused', (url, message) => {
  expect(() => accountApiClient({ ...OPTIONS, url })).toThrow(`url ${message}`);
});

test.each([
  ['app', ''],
  ['app', 'a:b'],
  ['app', 'a b'],
  ['app', 'a\r\nx-injected: 1'],
  ['app', '应用'],
  ['secret', ''],
  ['timeoutMs', 0],
  ['timeoutMs', Number.POSITIVE_INFINITY],
  ['connections', 0],
])('a client does not start with %s %j', (name, value) => {
  expect(() => accountApiClient({ ...OPTIONS, [name]: value })).toThrow(name);
});

test('an error names every wrong option and quotes none', () => {
  const wrong = () => accountApiClient({ ...OPTIONS, url: 'http://a-user:a-password@host.example', app: 'an-app:' });
  expect(wrong).toThrow(/url .*; app /);
  expect(wrong).toThrow(/^(?!.*(a-password|host\.example|an-app|never shown))/);
});
