import { describe, expect, test } from 'vitest';
import { startSecrets } from '../../local/aws/servers.ts';
import { run, sharedInstance, temporaryFolder } from '../local/started.ts';

const shared = sharedInstance();
const send = (folder: string, options: string[], env = {}) => run('cli/send.ts', options, folder, env);

const LOGIN = ['login', '--app', 'xg-android', '--token', 'phone-1', '--account', 'alice'];

describe('next to a local instance', () => {
  test('an event is signed and sent there, and what was answered is said', async () => {
    const { folder } = shared();
    const login = await send(folder, [...LOGIN, '--id', 'evt_1']);
    expect(login).toMatchObject({ code: 0, err: '' });
    expect(login.out.split('\n')[0]).toBe('HTTP 200');
    expect(JSON.parse(login.out.slice('HTTP 200'.length))).toMatchObject({
      outcome: 'applied',
      events: [{ id: 'evt_1', outcome: 'applied' }],
    });
  });

  test('--json says the answer in one line', async () => {
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

  test('a refusal is said, with exit code 1', async () => {
    const { folder } = shared();
    const { code, out } = await send(folder, ['logout', '--app', 'xg-android', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ status: 400, reply: { code: 'invalid_event' } });
  });

  test('an event of the wrong secret is refused', async () => {
    const { folder } = shared();
    const secret = `whsec_${'A'.repeat(44)}`;
    const { code, out } = await send(folder, [...LOGIN, '--secret', secret, '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ status: 401 });
  });

  test('a source that it does not have is said', async () => {
    const { folder } = shared();
    const { code, err } = await send(folder, [...LOGIN, '--source', 'other']);
    expect({ code, err }).toEqual({ code: 1, err: 'the instance has no source "other"\n' });
  });
});

describe('elsewhere', () => {
  test('the URL and the secret come from options or from the environment', async () => {
    const { instance } = shared();
    const [url, secret] = [instance.url, instance.sources[0]?.secret ?? ''];
    const elsewhere = temporaryFolder();
    expect(await send(elsewhere, [...LOGIN, '--url', `${url}/`, '--secret', secret])).toMatchObject({ code: 0 });
    expect(await send(elsewhere, LOGIN, { BINDERY_URL: url, BINDERY_SECRET: secret })).toMatchObject({ code: 0 });
  });

  test('the secret can be read from Secrets Manager', async () => {
    const { instance } = shared();
    // A generated secret as CloudFormation makes it: without the prefix.
    const secret = instance.sources[0]?.secret.replace('whsec_', '') ?? '';
    const vault = await startSecrets(new Map([['arn:of:it', { AWSCURRENT: secret }]]));
    const env = {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: vault.url,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'of the user',
      AWS_SECRET_ACCESS_KEY: 'of the user',
    };
    const options = [...LOGIN, '--url', instance.url, '--secret-id'];
    expect(await send(temporaryFolder(), [...options, 'arn:of:it'], env)).toMatchObject({ code: 0 });
    const { code, err } = await send(temporaryFolder(), [...options, 'other'], env);
    await vault.stop();
    expect(code).toBe(1);
    expect(err).toBe("the secret other cannot be read: Secrets Manager can't find the specified secret.\n");
  });

  test("a local instance's secret is not sent", async () => {
    const { folder, instance } = shared();
    const { code, err } = await send(folder, [...LOGIN, '--url', instance.url]);
    expect({ code, err }).toEqual({
      code: 1,
      err: 'no secret is known: give --secret, --secret-id or BINDERY_SECRET\n',
    });
  });
});

describe('what the user can put right is one line, with exit code 1:', () => {
  const secret = ['--secret', `whsec_${'A'.repeat(44)}`];
  const nowhere = ['--url', 'http://127.0.0.1:1', ...secret];
  test.each([
    ['no event', [], 'name one event to send: see --help'],
    ['two events', ['login', 'logout'], 'name one event to send: see --help'],
    [
      'an event that is none',
      ['logn', ...nowhere],
      '"logn" is not an event: login, logout, logout-everywhere, deleted, token-changed are; see --help',
    ],
    ['an unknown option', ['login', '--tokn', 't'], "Unknown option '--tokn': see --help"],
    [
      'an account type that is none',
      ['login', '--account-type', 'mail'],
      '--account-type mail: an account type is a number from 0 to 2147483647',
    ],
    ['a URL that is none', [...LOGIN, '--url', 'nowhere', ...secret], '--url nowhere: is not a URL'],
    [
      'a secret that is none',
      [...LOGIN, '--url', 'http://127.0.0.1:1', '--secret', 'short'],
      'a webhook secret must be whsec_ and the base64 of 24 to 64 bytes',
    ],
    ['nobody there', [...LOGIN, ...nowhere], 'nothing answers at http://127.0.0.1:1: is `npm start` running?'],
    ['no instance', LOGIN, 'no instance runs in this directory: start one with `npm start`, or name one with --url'],
  ])('%s', async (_, options, line) => {
    expect(await send(temporaryFolder(), options)).toEqual({ code: 1, out: '', err: `${line}\n` });
  });
});

test('--help says what can be sent', async () => {
  const { code, out } = await send(temporaryFolder(), ['--help']);
  expect(code).toBe(0);
  for (const said of ['token-changed', '--old-token', '--secret-id', '--json']) expect(out).toContain(said);
});
