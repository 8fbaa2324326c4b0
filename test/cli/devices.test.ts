import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { devices as devicesCommand } from '../../cli/devices.ts';
import { send } from '../../cli/send.ts';
import { sharedInstance } from '../local/instance.ts';
import { run } from './run.ts';

const shared = sharedInstance();
const devices = (...options: string[]) => run(devicesCommand, options, shared());
const TIME = expect.stringMatching(/^20\d\d-.*Z$/);

test('`devices --account` lists devices with app, platform, token and dates; `--token` the accounts', async () => {
  const login = (...options: string[]) => run(send, ['login', '--app', 'xg-android', ...options], shared());
  await login('--token', 'phone-1', '--account', '爱丽丝', '--expires', '2099-01-01T00:00:00.000Z');
  const { code, out } = await devices('--account', '爱丽丝');
  expect(code).toBe(0);
  const [head = '', row = '', ...more] = out.trimEnd().split('\n');
  expect(head.trim().split(/ {2,}/)).toEqual(['app', 'platform', 'token', 'bound since', 'expires']);
  expect(row.trim().split(/ {2,}/)).toEqual(['xg-android', 'android', 'phone-1', TIME, '2099-01-01T00:00:00.000Z']);
  expect(more).toEqual([]);
  const owners = await devices('--token', 'phone-1', '--json');
  expect(JSON.parse(owners.out)).toMatchObject({
    app: 'xg-android',
    account: '爱丽丝',
    account_type: 0,
    bound_at: TIME,
  });
  expect((await devices('--token', 'phone-1')).out).toContain('爱丽丝');
});

test('`devices` reads all pages of an answer', async () => {
  const device = (token: string) => ({ app: 'a', platform: 'ios', token, bound_at: '2026-11-29T00:00:00.000Z' });
  const server = createServer(async (request, response) => {
    const { cursor } = JSON.parse(await text(request));
    const page =
      cursor === 'c'
        ? { accounts: [{ devices: [device('p2')] }] }
        : { accounts: [{ devices: [device('p1')] }], cursor: 'c' };
    response.end(JSON.stringify(page));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${Object(server.address()).port}`;
  const { out } = await devices('--account', 'a', '--url', url, '--secret', 's', '--json');
  expect(out.match(/p\d/g)).toEqual(['p1', 'p2']);
});

test('`devices` says when nothing is bound, and refuses a wrong secret, an unknown reader and no question', async () => {
  expect(await devices('--account', 'none')).toMatchObject({ code: 0, out: 'nothing is bound\n' });
  const { code, err } = await devices('--account', 'none', '--secret', 'wrong');
  expect([code, err]).toEqual([1, expect.stringContaining('HTTP 401')]);
  expect((await devices('--account', 'none', '--app', 'none')).err).toMatch(
    /^HTTP 403 .*\napps\.0 is not an app of this reader$/m,
  );
  expect((await devices('--account', 'a', '--reader', 'none')).err).toContain('the local instance has no such reader');
  expect((await devices()).err).toBe('give either --account or --token\n');
});
