import { expect, test } from 'vitest';
import { history } from '../../../cli/history/history.ts';
import { send } from '../../../cli/send.ts';
import { Caller } from '../../local/caller.ts';
import { CONFIG, sharedInstance } from '../../local/instance.ts';
import { run } from '../run.ts';

const shared = sharedInstance();

test('a login and a logout can be asked for: by token, by account, by a moment between them, and by request', async () => {
  const { instance, folder } = shared();
  const ask = (...args: string[]) => run(history, [...args, '--config', CONFIG, '--json'], { folder });
  const sent = (...args: string[]) => run(send, [...args, '--app', 'xg-android'], { folder });
  await sent('login', '--token', 'phone-1', '--account', 'alice');
  const early = await ask('--token', 'phone-1', '--at', new Date().toISOString());
  expect(early.err).toContain('1 messages wait on the operations queue');
  await new Caller(instance).idle();
  const between = new Date().toISOString();
  const { out } = await sent('logout', '--token', 'phone-1');
  const id = /"request_id": "([^"]+)"/.exec(out)?.[1] ?? '';
  await new Caller(instance).idle();

  const whole = JSON.parse((await ask('--token', 'phone-1')).out);
  expect(whole.entries.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['applied', 'applied']);
  const [{ answers }] = [JSON.parse((await ask('--token', 'phone-1', '--at', between)).out)];
  expect(answers).toMatchObject([{ id: 'alice', standing: 'yes' }]);
  expect(JSON.parse((await ask('--account', 'alice', '--at', between)).out).answers).toMatchObject([
    { token: 'phone-1' },
  ]);
  expect((await ask('--token', 'phone-1', '--at', new Date().toISOString())).out).toBe('');
  expect(JSON.parse((await ask('--request', id)).out)).toMatchObject({ outcome: 'applied', from: 'events/app' });
  const headers = { authorization: `Bearer ${instance.readers[0]?.secret}` };
  const reply = await fetch(`${instance.url}/v1/operations/${encodeURIComponent(id)}`, { headers });
  expect(await reply.json()).toMatchObject({ operation_id: id, outcome: 'applied' });
});
