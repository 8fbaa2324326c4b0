import { expect, test } from 'vitest';
import { query as queryCommand } from '../../cli/query.ts';
import { send as sendCommand } from '../../cli/send.ts';
import { SOURCE_KINDS } from '../../infra/source-kinds.ts';
import { PROVIDERS } from '../../local/providers/providers.ts';
import { sharedInstance } from '../local/instance.ts';
import { run } from './run.ts';

const shared = sharedInstance();
const send = (...options: string[]) => run(sendCommand, options, { folder: shared().folder });

const EFFECTS = [...SOURCE_KINDS].flatMap(([kind, { effects, credential }]) =>
  credential === 'iam' ? [] : Object.keys(effects).map((event) => [kind, event] as const),
);

test.each(EFFECTS)('`send --as %s "%s"` signs an account out at the local instance', async (kind, event) => {
  const login = ['login', '--app', 'xg-android', '--token', `${kind} ${event}`, '--account', 'alice'];
  // Providers that write whole seconds mean the end of the second.
  const before = new Date(Date.now() - 2000).toISOString();
  expect(await send(...login, '--session', 's-1', '--at', before)).toMatchObject({ code: 0 });
  const sent = await send('--as', kind, event, '--account', 'alice', '--session', 's-1');
  expect(sent, sent.out).toMatchObject({ code: 0 });
  const shown = await run(queryCommand, ['--token', `${kind} ${event}`, '--app', 'xg-android', '--json'], {
    folder: shared().folder,
  });
  expect(shown).toMatchObject({ code: 0, out: expect.not.stringContaining('alice') });
});

test.each([
  ['sqs', 'user.logout'],
  ['eventbridge', 'user.deleted'],
  ['cognito', 'GlobalSignOut'],
])('`send --as %s %s` signs an account out through the queue of the source', async (kind, event) => {
  const on = ['--app', 'xg-android', '--token', `${kind}-queue`];
  const who = ['--account', `${kind}-alice`, '--session', `${kind}-1`];
  const before = new Date(Date.now() - 2000).toISOString();
  expect(await send('login', ...on, ...who, '--at', before)).toMatchObject({ code: 0 });
  expect(await send('--as', kind, event, ...who)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^on the queue/),
  });
  const shown = () => run(queryCommand, [...on, '--json'], { folder: shared().folder });
  await expect.poll(shown, { timeout: 10_000 }).toMatchObject({ out: expect.not.stringContaining('alice') });
});

test.each<[string, string[], string]>([
  [
    'a source without a queue',
    ['--as', 'sqs', 'user.deleted', '--account', 'a', '--source', 'app'],
    '--as sqs: no local instance has a queue of "app"; in AWS use aws sqs send-message',
  ],
  ['another kind', ['--as', 'entra', 'x'], `--as entra: kinds are ${Object.keys(PROVIDERS).join(', ')}`],
  [
    'an event that the kind has not',
    ['--as', 'stytch', 'x'],
    '--as stytch sends user.create, user.delete, member.delete',
  ],
  ['an option of other events', ['--as', 'clerk', 'user.deleted', '--token', 't'], 'an event of clerk has no --token'],
  ['no event', ['--as', 'stytch'], '--as stytch sends user.create, user.delete, member.delete'],
  ['no account', ['--as', 'clerk', 'user.deleted'], 'give one account with --account'],
  ['no time', ['--as', 'clerk', 'user.deleted', '--account', 'a', '--at', 'x'], '--at x: is not a time in ISO 8601'],
])('`send` with %s says so', async (_, options, err) => {
  expect(await send(...options)).toEqual({ code: 1, out: '', err: expect.stringContaining(`${err}\n`) });
});
