import { accessSync, constants, writeSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, test as each, expect } from 'vitest';
import { operatorOf } from '../../cli/console/operator.ts';
import { placeAt } from '../../cli/place.ts';
import { newConsole } from '../../local/console/console.ts';
import { startLocal } from '../../local/instance.ts';
import type { Exchange } from '../../local/lambda/http.ts';
import { exampleConfiguration, sharedInstance } from './instance.ts';

/** The browser of the distribution. */
const BROWSER = (process.env['PATH'] ?? '')
  .split(':')
  .map((folder) => join(folder, 'chromium'))
  .find(isExecutable);

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (BROWSER === undefined) writeSync(2, 'The page is not tested: no chromium is in PATH.\n');
const test = each.skipIf(BROWSER === undefined);

const VIEWS = ['phones', 'events', 'leak', 'timeline', 'queue'] as const;

const console_ = newConsole();
const shared = sharedInstance(() =>
  startLocal({ configuration: exampleConfiguration(), port: 0, page: console_.front }),
);
let browser: Browser | undefined;
let context: BrowserContext;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  if (BROWSER === undefined) return;
  const { instance, folder } = shared();
  console_.open(instance, operatorOf({ place: placeAt(instance), apps: instance.apps, folder }));
  browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'] });
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: instance.url });
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // The page asks to send faulty events on purpose.
    if (message.type() === 'error' && !message.text().includes('status of 4')) faults.push(message.text());
  });
  await page.goto(`${instance.url}/`);
});
afterAll(() => browser?.close());

/** Reads again until it is as expected. A machine that is busy needs seconds for a first login. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 });

const go = async (view: string): Promise<void> => {
  await page.goto(`${shared().instance.url}/#${view}`);
};

/** Presses Tab until the control has the focus, as a person without a mouse does. */
async function tabTo(name: string | RegExp, role: 'button' | 'textbox' | 'slider' | 'link' | 'listbox' | 'combobox') {
  const control = page.getByRole(role, { name, exact: typeof name === 'string' });
  for (let presses = 0; presses < 60; presses += 1) {
    if (await control.evaluate((element) => element === element.ownerDocument.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${role} ${name}`);
}

async function type(name: string, text: string, role: 'textbox' | 'combobox' = 'textbox'): Promise<void> {
  await tabTo(name, role);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

test('a person is signed in, pushed to and replaced by keyboard, and the old push stays dark', async () => {
  await type('Person', 'alice');
  await type('Phone', 'phone-1');
  await page.keyboard.press('Enter');
  const phone = page.getByRole('list', { name: 'Phones' }).getByRole('listitem').filter({ hasText: 'phone-1' });
  await eventually(() => phone.innerText()).toContain('alice');
  await page.keyboard.press('Shift+Tab');
  await page.reload();
  await type('Push to', 'alice', 'combobox');
  await page.keyboard.press('Enter');
  await eventually(() => phone.innerText()).toContain('lights up: the fences are equal');
  await type('Person', 'bob');
  await page.keyboard.press('Enter');
  await eventually(() => phone.innerText()).toContain('stays dark: it has another fence now');
});

test('events are listed as they arrive, opened with arrow keys, sent again, edited and copied', async () => {
  await go('events');
  const list = page.getByRole('listbox', { name: 'Events, the newest first' });
  const rows = list.getByRole('option');
  await eventually(() => rows.count()).toBe(2);
  await tabTo('Events, the newest first', 'listbox');
  await page.keyboard.press('ArrowDown');
  const detail = page.getByRole('region', { name: 'Event', exact: true });
  await eventually(() => detail.innerText()).toContain('bob signs in on phone-1');
  await page.keyboard.press('ArrowDown');
  await eventually(() => detail.innerText()).toContain('alice signs in on phone-1');
  await tabTo('Send again', 'button');
  await page.keyboard.press('Enter');
  await eventually(() => rows.count()).toBe(3);
  await eventually(() => rows.first().innerText()).toMatch(/too late: bob signed in at \d\d:\d\d:\d\d/);
  await tabTo('Copy as curl', 'button');
  await page.keyboard.press('Enter');
  await eventually(() => page.evaluate('navigator.clipboard.readText()')).toContain('webhook-signature: v1,');
  await tabTo('Edit and send', 'button');
  await page.keyboard.press('Enter');
  await type('Body to send', '{"type":"user.login","timestamp":"yesterday","data":{"token":""}}');
  await tabTo('Send', 'button');
  await page.keyboard.press('Enter');
  await eventually(() => rows.count()).toBe(4);
  await rows.first().click();
  await eventually(() => page.getByRole('list', { name: 'Faults' }).getByRole('listitem').count()).toBeGreaterThan(2);
});

test('a request with a wrong signature shows the expected one', async () => {
  const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': `${Math.floor(Date.now() / 1000)}` };
  const signature = { 'webhook-signature': `v1,${'A'.repeat(43)}=` };
  await fetch(`${shared().instance.url}/events/app`, {
    method: 'POST',
    headers: { ...headers, ...signature },
    body: '{}',
  });
  await eventually(() => page.getByRole('option').count()).toBe(5);
  await page.getByRole('option').first().click();
  await eventually(() => page.getByRole('region', { name: 'Event', exact: true }).innerText()).toMatch(
    /Expected\s+v1,/,
  );
});

/** A made-up request that was answered. */
const exchange = (i: number): Exchange => ({
  // Of the event, the page reads these fields alone.
  event: {
    rawPath: '/events/app',
    rawQueryString: '',
    headers: {},
    body: JSON.stringify({ type: 'user.logout', timestamp: new Date().toISOString(), data: { token: `many-${i}` } }),
    isBase64Encoded: false,
    requestContext: { requestId: `many-${i}`, timeEpoch: Date.now(), http: { method: 'POST' } },
  } as Exchange['event'],
  result: { statusCode: 200, body: '{}' },
  tookMs: 1,
});

test('10,000 events are a list of some dozen rows, and its end is one key away', async () => {
  await go('events');
  for (let i = 0; i < 10_000; i += 1) console_.front.saw(exchange(i));
  await eventually(() => page.locator('.count').innerText()).toBe('10,000');
  await tabTo('Events, the newest first', 'listbox');
  await page.keyboard.press('End');
  const last = page.getByRole('option', { name: /many-0 signs out/, selected: true });
  await eventually(() => last.getAttribute('aria-posinset')).toBe('10000');
  expect(await page.getByRole('option').count()).toBeLessThan(60);
});

/** The people-seconds of a side. */
const scoreOf = async (title: string): Promise<number> =>
  Number(await page.getByRole('article').filter({ hasText: title }).locator('b').innerText());

test('late, double and swapped events leak in a plain table, and not in the registry', async () => {
  await go('leak');
  for (const fault of [/^Late/, /^Twice/, /^Swapped/]) {
    await tabTo(fault, 'slider');
    await page.keyboard.press('End');
  }
  for (const action of [
    'Login',
    'Login',
    'Login',
    'Login',
    'User switch',
    'Logout',
    'Sign-out everywhere',
    'Reinstall',
  ]) {
    await page.getByRole('button', { name: action, exact: true }).focus();
    await page.keyboard.press('Enter');
  }
  await page.getByRole('button', { name: 'Run by itself' }).press('Enter');
  await eventually(() => scoreOf('A plain table')).toBeGreaterThan(2);
  await page.getByRole('button', { name: 'Stop', exact: true }).press('Enter');
  expect(await scoreOf('Bindery')).toBe(0);
  expect(await page.getByRole('region', { name: 'Make it leak' }).innerText()).toMatch(
    /in [1-9]\d* answers of the registry/,
  );
});

test('the handle of the time line says who was signed in at a moment', async () => {
  await go('timeline');
  await type('Name', 'phone-1', 'combobox');
  await page.keyboard.press('Enter');
  const moment = page.getByRole('status').filter({ hasText: /^At / });
  await eventually(() => moment.innerText()).toMatch(/bob$/);
  await tabTo('Moment', 'slider');
  await page.keyboard.press('Home');
  await eventually(() => moment.innerText()).toMatch(/no person$/);
  const seen = new Set<string>();
  for (let presses = 0; presses < 200 && !seen.has('bob'); presses += 1) {
    await page.keyboard.press('PageUp');
    seen.add((await moment.innerText()).split('\n').at(-1) ?? '');
  }
  // As long as the worker has not applied the sign-in, the answer is `perhaps`.
  expect([...seen]).toEqual(expect.arrayContaining([expect.stringMatching(/^alice/), 'bob']));
});

test('the queue shows its depths, and a dry run of a redrive', async () => {
  await go('queue');
  await eventually(() => page.getByRole('rowheader', { name: 'bindery-operations' }).count()).toBe(1);
  await tabTo('Read the parked queue', 'button');
  await page.keyboard.press('Enter');
  await eventually(() => page.getByText('Nothing is parked.').count()).toBe(1);
  await tabTo('Dry run of a redrive', 'button');
  await page.keyboard.press('Enter');
  await eventually(() => page.getByText('0 messages would go to bindery-operations').count()).toBe(1);
});

test('nothing on the page moves while events arrive', async () => {
  await go('phones');
  await eventually(() => page.getByRole('list', { name: 'Phones' }).count()).toBe(1);
  const shift = page.evaluate(`new Promise((resolve) => {
    let sum = 0;
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (sum += value)));
    observer.observe({ type: 'layout-shift' });
    setTimeout(() => resolve(sum), 1500);
  })`);
  for (let i = 0; i < 20; i += 1) console_.front.saw(exchange(20_000 + i));
  expect(await shift).toBeLessThan(0.02);
});

/** The findings of axe that are serious or worse, with the parts that have them. */
async function findings(): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    // axe is a global of the page now.
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: readonly Finding[] }> } };
    type Finding = { id: string; impact: string; nodes: readonly { html: string }[] };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ')}`);
  });
}

test.each(['light', 'dark'] as const)(
  'axe finds nothing serious in %s colours, and no view is wider than 360 or 3840 px',
  async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    for (const view of VIEWS) {
      await go(view);
      await page.setViewportSize({ width: 1280, height: 800 });
      await eventually(() => page.getByRole('main').innerText()).not.toBe('');
      expect(await findings(), view).toEqual([]);
      for (const width of [360, 3840]) {
        await page.setViewportSize({ width, height: 900 });
        expect(await page.evaluate('document.documentElement.scrollWidth'), `${view} at ${width}`).toBe(width);
      }
    }
  },
);

test('the page has no error in its console', () => {
  expect(faults).toEqual([]);
});
