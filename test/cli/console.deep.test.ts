import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { deployedAnswers } from '../../cli/console/deployed.ts';
import { placeAt } from '../../cli/place.ts';
import { pageOf } from '../../local/console/console.ts';
import { signedHeaders } from '../../local/console/signing.ts';
import { close, listen } from '../../local/listening.ts';
import { sharedInstance } from '../local/instance.ts';

const shared = sharedInstance();

const send = (body: object) => {
  const { url, sources } = shared().instance;
  const text = JSON.stringify({ timestamp: new Date().toISOString(), ...body });
  const headers = signedHeaders(sources[0]?.secret ?? '', `msg_${crypto.randomUUID()}`, text);
  return fetch(`${url}/events/app`, { method: 'POST', headers, body: text });
};

const answers = () => {
  const { instance, folder } = shared();
  const { instance: _, ...place } = placeAt(instance);
  return deployedAnswers({
    place: { ...place, name: 'Bindery-test' },
    apps: instance.apps,
    folder,
  });
};

test('the page of a deployment reads phones, devices, the time line and queues with the clients of the operator', async () => {
  const data = { app: 'xg-android', token: 'phone-1', account: 'alice' };
  expect((await send({ type: 'user.login', data })).status).toBe(200);
  const { phones, push, timeline, queues, about } = answers();
  const phone = { app: 'xg-android', token: 'phone-1', people: [{ account: 'alice' }] };
  for (const find of ['', 'phone-1', 'alice'])
    expect(await phones?.({ find }), find).toMatchObject({ phones: [phone] });
  expect(await phones?.({ find: 'bob' })).toMatchObject({ phones: [] });
  expect(await push?.({ account: 'alice' })).toMatchObject({ devices: [{ token: 'phone-1', fence: '' }] });
  expect((await queues?.({}))?.depths).toHaveLength(2);
  expect(await about?.({})).toMatchObject({ title: 'Bindery-test', isReadOnly: true, sources: [] });
  expect((await about?.({}))?.apps).toContain('xg-android');
  const history = () => timeline?.({ of: 'account', name: 'alice', app: 'xg-android' });
  await expect.poll(async () => (await history())?.lanes[0]?.spans[0]?.standing, { timeout: 10_000 }).toBe('yes');
  expect((await history())?.lines).toMatchObject([{ people: ['alice'], verb: 'signed in', token: 'phone-1' }]);
});

test('the page of a deployment can neither send nor redrive, and is closed to those without its key', async () => {
  const page = pageOf(undefined, 'the-key');
  page.open(answers());
  const server = createServer((request, response) => page.serves(request, response) || response.writeHead(404).end());
  const url = await listen(server);
  onTestFinished(() => close(server));
  const ask = async (name: string, key: string) => {
    const headers = { origin: url, 'x-console-key': key };
    return (await fetch(`${url}/console/${name}`, { method: 'POST', headers, body: '{}' })).status;
  };
  expect(await ask('about', 'the-key')).toBe(200);
  expect(await ask('about', '')).toBe(403);
  for (const name of ['send', 'again', 'redrive', 'detail', 'constructor'])
    expect(await ask(name, 'the-key'), name).toBe(404);
  expect((await fetch(`${url}/console/stream`, { headers: { origin: url, 'x-console-key': 'the-key' } })).status).toBe(
    404,
  );
});
