import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { Token } from '../../functions/core/account.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { newConsole } from '../../local/console/console.ts';
import { copiesOf } from '../../local/console/page/copies.ts';
import { visible } from '../../local/console/page/words.ts';
import type { Operator } from '../../local/console/ports.ts';
import type { Answered, Asks, Detail, Row } from '../../local/console/wire.ts';
import { startLocal } from '../../local/instance.ts';
import { exampleConfiguration, sharedInstance } from './instance.ts';

const page = newConsole();
const shared = sharedInstance(() => startLocal({ configuration: exampleConfiguration(), port: 0, page: page.front }));
const operator: Operator = {
  tokens: async () => ({ tokens: [{ app: AppId.parse('xg-android'), token: Token.parse('phone-1') }], isWhole: true }),
  queues: async () => ({ depths: [], mirrors: [] }),
  parked: async () => [],
};
beforeAll(() => page.open(shared().instance, operator));

/** Sends a request of which each header can be chosen, also Host. */
const ask = (path: string, headers: Record<string, string>, body?: string) =>
  new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request(`${shared().instance.url}${path}`, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject).end(body);
  });

/** Asks as the page does. */
async function asked<K extends keyof Asks>(name: K, question: Record<string, string> = {}): Promise<Asks[K]> {
  const { status, text } = await ask(`/console/${name}`, { origin: shared().instance.url }, JSON.stringify(question));
  expect(status, text).toBe(200);
  return JSON.parse(text);
}

const login = (account: string, at: Date) =>
  JSON.stringify({
    type: 'user.login',
    timestamp: at.toISOString(),
    data: { app: 'xg-android', token: 'phone-1', account },
  });

const send = (body: string): Promise<Answered> => asked('send', { source: 'app', body });

/** The rows that a page sees that is opened now. */
async function rows(): Promise<Row[]> {
  const response = await fetch(`${shared().instance.url}/console/stream`, {
    headers: { 'sec-fetch-site': 'same-origin' },
  });
  const found: Row[] = [];
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    for (const [, data = ''] of text.matchAll(/^data: (\[.*\])$/gm)) found.push(...JSON.parse(data));
    if (found.length > 0) break;
  }
  return found;
}

test('a browser gets the page at /, and a program the answer of the doors', async () => {
  const browser = await ask('/', { accept: 'text/html' });
  expect(browser.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(browser.text).not.toMatch(/<script>|<style|style=|https?:/);
  expect((await ask('/', {})).text).toContain('"service":"Bindery');
});

test('the policy of the page allows files of its own address only, and nothing inline', async () => {
  const { headers } = await ask('/', { accept: 'text/html' });
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /);
  expect(headers['content-security-policy']).not.toContain('unsafe');
});

test('the page with its script and styles is less than 60 KB compressed, and none of it comes from elsewhere', async () => {
  const files = await Promise.all(
    ['/', '/console/page.js', '/console/style.css'].map((path) => ask(path, { accept: 'text/html' })),
  );
  expect(files.map(({ status }) => status)).toEqual([200, 200, 200]);
  const bytes = files.map(({ text }) => gzipSync(text).length).reduce((a, b) => a + b);
  expect(bytes).toBeLessThan(60_000);
});

test.each<[string, Record<string, string>]>([
  ['no Origin', {}],
  ['the Origin of another page', { origin: 'https://example.com' }],
  ['another Host, as DNS rebinding sends it', { host: 'example.com', origin: 'http://example.com' }],
  ['the right Host with a wrong port', { host: '127.0.0.1:1' }],
])('a question of the page with %s is refused', async (_, headers) => {
  for (const path of ['phones', 'send', 'detail', 'redrive', 'stream'])
    expect((await ask(`/console/${path}`, headers, path === 'stream' ? undefined : '{}')).status).toBe(403);
});

test('an event of the page is signed, listed with its times, and found in the registry', async () => {
  const at = new Date(Date.now() - 3_000);
  expect((await send(login('alice', at))).status).toBe(200);
  const [row] = (await rows()).slice(-1);
  expect(row).toMatchObject({
    what: 'alice signs in on phone-1',
    from: 'source app',
    tone: 'good',
    outcome: 'applied',
    happenedMs: at.getTime(),
  });
  const { phones } = await asked('phones');
  expect(phones).toMatchObject([{ token: 'phone-1', people: [{ account: 'alice', fence: expect.any(String) }] }]);
  expect((await asked('push', { account: 'alice' })).devices).toMatchObject([{ token: 'phone-1' }]);
});

test('an event that came too late names the person who had signed in later', async () => {
  await send(login('carol', new Date()));
  await send(login('bob', new Date(Date.now() - 60_000)));
  await expect
    .poll(async () => (await rows()).at(-1)?.outcome, { timeout: 10_000 })
    .toMatch(/^too late: carol signed in at \d\d:\d\d:\d\d$/);
});

const last = async (): Promise<Detail> => asked('detail', { n: `${(await rows()).at(-1)?.n}` });

test('a refused event has every issue', async () => {
  await send('{"type":"user.login","timestamp":"yesterday","data":{"token":""}}');
  const { row, issues } = await last();
  expect(row).toMatchObject({ status: 400, tone: 'refused', outcome: expect.stringMatching(/, and \d more$/) });
  expect(issues.length).toBeGreaterThan(2);
});

test('an event with a wrong signature shows the one that was expected, and is accepted when it is sent again', async () => {
  const body = login('dave', new Date());
  const headers = {
    'webhook-id': 'msg_wrong',
    'webhook-timestamp': `${Math.floor(Date.now() / 1000)}`,
    'webhook-signature': `v1,${'A'.repeat(43)}=`,
  };
  await fetch(`${shared().instance.url}/events/app`, { method: 'POST', headers, body });
  const { row, expected } = await last();
  expect(row).toMatchObject({ status: 401, tone: 'refused' });
  const again = await fetch(`${shared().instance.url}/events/app`, {
    method: 'POST',
    headers: { ...headers, 'webhook-signature': expected ?? '' },
    body,
  });
  expect(again.status).toBe(200);
  expect((await asked('again', { n: `${row.n}` })).status).toBe(200);
});

test.each([`a'b"c\`d$(exit 9)\\n`, '<img src=x onerror=alert(1)>', '\u202Eecila', 'line\nfeed'])(
  'a request that names %j can be copied into a shell, where it is the same event',
  async (account) => {
    await send(login(account, new Date()));
    const { curl = '' } = copiesOf(await last(), await asked('about'));
    const { stdout } = await promisify(execFile)('bash', ['-c', curl]);
    expect(stdout).toContain('HTTP/1.1 200');
    expect((await last()).body).toContain(JSON.stringify(account).slice(1, -1));
  },
);

test('a name that turns the direction of the text does not look like another name', () => {
  expect(visible('\u202Eecila signs in\non שלום')).toBe('\\u202eecila signs in\\u000aon שלום');
});

test('a copied body that begins with @ names no file, and its path and query stay', async () => {
  await ask('/events/it%27s%20%7Bone%7D?a=[1]', {}, '@/etc/hostname');
  const detail = await last();
  const { curl = '' } = copiesOf(detail, await asked('about'));
  await promisify(execFile)('bash', ['-c', curl]);
  expect(await last()).toMatchObject({ body: '@/etc/hostname', path: detail.path });
  expect(detail.path).toBe("/events/it's%20%7Bone%7D?a=[1]");
  expect((await asked('again', { n: `${detail.row.n}` })).status).toBe(404);
});

test('an event that is not signed can be edited and copied: both sign it anew', async () => {
  await ask('/events/app', {}, login('erin', new Date()));
  const detail = await last();
  expect(detail).toMatchObject({ row: { status: 401 }, source: 'app' });
  expect(Object.keys(copiesOf(detail, await asked('about')))).toEqual(['curl', 'Node', 'Python', '.env']);
});

test('questions of the page itself are not listed', async () => {
  const before = (await rows()).length;
  await asked('phones');
  await asked('push', { account: 'alice' });
  expect(await rows()).toHaveLength(before);
});
