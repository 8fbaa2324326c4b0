import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { send as sendCommand } from '../../cli/send.ts';
import { startSecrets } from '../../local/aws/servers.ts';
import { listen } from '../../local/listening.ts';
import { sharedInstance, temporaryFolder } from '../local/instance.ts';
import { runProcess } from '../local/process.ts';
import { run } from './run.ts';

const shared = sharedInstance();
const send = (folder: string, options: string[], environment = {}) =>
  run(sendCommand, options, { folder, environment });

const NEEDS_EVENT =
  '`bindery send` needs one of login, logout, logout-everywhere, deleted, token-changed, gone. Run with --help.';
const LOGIN = ['login', '--app', 'xg-android', '--token', 'phone-1', '--account', 'alice'];

test('`send` signs an event, sends it to the local instance, and prints the answer', async () => {
  const { folder, instance } = shared();
  const login = await send(folder, [...LOGIN, '--id', 'evt_1']);
  expect(login).toMatchObject({ code: 0, err: `${instance.url}\n` });
  expect(login.out.split('\n')[0]).toBe('HTTP 200');
  expect(JSON.parse(login.out.slice('HTTP 200'.length))).toMatchObject({
    outcome: 'applied',
    events: [{ id: 'evt_1', outcome: 'applied' }],
  });
});

const WRONG = `whsec_${'A'.repeat(44)}`;
test.each([
  ['0 if the event is accepted', ['deleted', '--account', 'alice'], 0, { status: 200, reply: { outcome: 'applied' } }],
  [
    '1 if the event is refused',
    ['logout', '--app', 'xg-android'],
    1,
    { status: 400, reply: { code: 'invalid_event' } },
  ],
  ['1 if another secret signs the event', [...LOGIN, '--secret', WRONG], 1, { status: 401 }],
])('`send --json` prints the answer in one line and ends with exit code %s', async (_, options, code, answer) => {
  const sent = await send(shared().folder, [...options, '--json']);
  expect(sent.code).toBe(code);
  expect(
    sent.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([answer]);
});

test.each([
  ['429, which the gateway gives to a sender that is too fast', 429, 'too many requests, nothing was accepted'],
  ['503', 503, 'it may or may not have been accepted'],
  ['no answer', undefined, 'cannot be reached'],
])('`send` says how to repeat the event after %s', async (_, status, text) => {
  const gateway = createServer((_, response) => {
    if (status === undefined) response.destroy();
    else response.writeHead(status).end('{"message":"Too Many Requests"}');
  });
  const url = await listen(gateway, 0);
  onTestFinished(() => void gateway.close());
  const { code, err } = await send(shared().folder, [...LOGIN, '--id', 'e1', '--url', url, '--secret', WRONG]);
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(text) });
  expect(err).toMatch(/send it again with the same options and --id e1 --at \d{4}-\d\d-\d\dT/);
});

test.each([
  ['a source that the local instance does not have is an error', 'the local instance has no source "other"', false],
  [
    'the secret of the local instance is not used for another URL',
    'the secret is missing: give --secret, --secret-id or BINDERY_SECRET',
    true,
  ],
])('%s', async (_, line, isElsewhere) => {
  const { folder, instance } = shared();
  const options = isElsewhere ? ['--url', instance.url] : ['--source', 'other'];
  const { code, out, err } = await send(folder, [...LOGIN, ...options]);
  expect({ code, out, line: err.trimEnd().split('\n').at(-1) }).toEqual({ code: 1, out: '', line });
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

const secret = ['--secret', WRONG];
const nowhere = ['--url', 'http://127.0.0.1:1', ...secret];
test.each([
  ['no event', [], NEEDS_EVENT],
  [
    'two events',
    ['login', 'logout'],
    "too many arguments for 'login'. Expected 0 arguments but got 1. Run with --help.",
  ],
  ['an option before the event', ['--json', 'login'], NEEDS_EVENT],
  ['an unknown event', ['logn', ...nowhere], "unknown command 'logn' (Did you mean login?). Run with --help."],
  ['an unknown option', ['login', '--tokn', 't'], "unknown option '--tokn' (Did you mean --token?). Run with --help."],
  [
    'an option of another event',
    ['logout-everywhere', '--account', 'alice', '--platform', 'android'],
    "unknown option '--platform'. Run with --help.",
  ],
  [
    'a second account where the event has one',
    ['logout', '--account', 'alice', '--account', 'bob'],
    '`send logout` takes one --account',
  ],
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
    'nothing answers at http://127.0.0.1:1: is `npx bindery start` running?',
  ],
  [
    'no instance and no URL',
    LOGIN,
    'no instance runs in this directory: start one with `npx bindery start`, or give --url',
  ],
])('`send` with %s is refused in one line', async (_, options, line) => {
  expect(await send(temporaryFolder(), options)).toEqual({ code: 1, out: '', err: `${line}\n` });
});

test('`send --help` lists events, and the help of an event its options', async () => {
  const { code, out } = await send(temporaryFolder(), ['--help']);
  expect(code).toBe(0);
  for (const text of ['token-changed', 'bindery send login --help', 'Examples:']) expect(out).toContain(text);
  const { out: own } = await send(temporaryFolder(), ['token-changed', '--help']);
  for (const text of ['--old-token', '--secret-id', '--json']) expect(own).toContain(text);
  expect(own).not.toContain('--scope');
});
