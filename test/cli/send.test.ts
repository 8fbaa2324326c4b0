import { expect, test } from 'vitest';
import { send as sendCommand } from '../../cli/send.ts';
import { startSecrets } from '../../local/aws/servers.ts';
import { sharedInstance, temporaryFolder } from '../local/instance.ts';
import { runProcess } from '../local/process.ts';
import { run } from './run.ts';

const shared = sharedInstance();
const send = (folder: string, options: string[], environment = {}) =>
  run(sendCommand, options, { folder, environment });

const NEEDS_EVENT = '`send` needs one of login, logout, logout-everywhere, deleted, token-changed. Run with --help.';
const LOGIN = ['login', '--app', 'xg-android', '--token', 'phone-1', '--account', 'alice'];

test('`send` signs an event, sends it to the local instance, and prints the answer', async () => {
  const { folder } = shared();
  const login = await send(folder, [...LOGIN, '--id', 'evt_1']);
  expect(login).toMatchObject({ code: 0, err: '' });
  expect(login.out.split('\n')[0]).toBe('HTTP 200');
  expect(JSON.parse(login.out.slice('HTTP 200'.length))).toMatchObject({
    outcome: 'applied',
    events: [{ id: 'evt_1', outcome: 'applied' }],
  });
});

test('`send --json` prints the answer in one line', async () => {
  const { folder } = shared();
  const { code, out } = await send(folder, ['deleted', '--account', 'alice', '--json']);
  expect(code).toBe(0);
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ status: 200, reply: { outcome: 'applied' } }]);
});

test('`send` ends with exit code 1 if the event is refused', async () => {
  const { folder } = shared();
  const { code, out } = await send(folder, ['logout', '--app', 'xg-android', '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ status: 400, reply: { code: 'invalid_event' } });
});

test('an event that is signed with the wrong secret is refused', async () => {
  const { folder } = shared();
  const secret = `whsec_${'A'.repeat(44)}`;
  const { code, out } = await send(folder, [...LOGIN, '--secret', secret, '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ status: 401 });
});

test('a source that the local instance does not have is an error', async () => {
  const { folder } = shared();
  const { code, err } = await send(folder, [...LOGIN, '--source', 'other']);
  expect({ code, err }).toEqual({ code: 1, err: 'the local instance has no source "other"\n' });
});

test('`send` takes URL and secret from options or from the environment', async () => {
  const { instance } = shared();
  const [url, secret] = [instance.url, instance.sources[0]?.secret ?? ''];
  const elsewhere = temporaryFolder();
  expect(await send(elsewhere, [...LOGIN, '--url', `${url}/`, '--secret', secret])).toMatchObject({ code: 0 });
  expect(await send(elsewhere, LOGIN, { BINDERY_URL: url, BINDERY_SECRET: secret })).toMatchObject({ code: 0 });
});

test('`send --secret-id` reads the secret from Secrets Manager', async () => {
  const { instance } = shared();
  // A generated secret as CloudFormation makes it: without the prefix.
  const secret = instance.sources[0]?.secret.replace('whsec_', '') ?? '';
  const vault = await startSecrets(new Map([['arn:of:it', { AWSCURRENT: secret }]]));
  const env = {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: vault.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'user',
    AWS_SECRET_ACCESS_KEY: 'user',
  };
  const options = [...LOGIN, '--url', instance.url, '--secret-id'];
  const sendProcess = (id: string) => runProcess(['send', ...options, id], temporaryFolder(), env);
  expect(await sendProcess('arn:of:it')).toMatchObject({ code: 0 });
  const { code, err } = await sendProcess('other');
  await vault.stop();
  expect(code).toBe(1);
  expect(err).toBe("the secret other cannot be read: Secrets Manager can't find the specified secret.\n");
});

test('the secret of the local instance is not used for another URL', async () => {
  const { folder, instance } = shared();
  const { code, err } = await send(folder, [...LOGIN, '--url', instance.url]);
  expect({ code, err }).toEqual({
    code: 1,
    err: 'the secret is missing: give --secret, --secret-id or BINDERY_SECRET\n',
  });
});

const secret = ['--secret', `whsec_${'A'.repeat(44)}`];
const nowhere = ['--url', 'http://127.0.0.1:1', ...secret];
test.each([
  ['no event', [], NEEDS_EVENT],
  ['two events', ['login', 'logout'], NEEDS_EVENT],
  ['an unknown event', ['logn', ...nowhere], NEEDS_EVENT],
  ['an unknown option', ['login', '--tokn', 't'], '`send` has no option --tokn. Run with --help.'],
  [
    'an invalid account type',
    ['login', '--account-type', 'mail'],
    '--account-type mail: an account type is a number from 0 to 2147483647',
  ],
  ['an invalid URL', [...LOGIN, '--url', 'nowhere', ...secret], '--url nowhere: is not a URL'],
  [
    'an invalid secret',
    [...LOGIN, '--url', 'http://127.0.0.1:1', '--secret', 'short'],
    'a webhook secret must be whsec_ and the base64 of 24 to 64 bytes',
  ],
  [
    'an address where nothing answers',
    [...LOGIN, ...nowhere],
    'nothing answers at http://127.0.0.1:1: is `npm start` running?',
  ],
  ['no instance and no URL', LOGIN, 'no instance runs in this directory: start one with `npm start`, or give --url'],
])('`send` with %s is refused in one line', async (_, options, line) => {
  expect(await send(temporaryFolder(), options)).toEqual({ code: 1, out: '', err: `${line}\n` });
});

test('`send --help` lists events and options', async () => {
  const { code, out } = await send(temporaryFolder(), ['--help']);
  expect(code).toBe(0);
  for (const text of ['token-changed', '--old-token', '--secret-id', '--json']) expect(out).toContain(text);
});
