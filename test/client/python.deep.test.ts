import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jwtVerify } from 'jose';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { sharedInstance } from '../local/instance.ts';
import { APPLIED, scriptedServer } from './server.ts';

const isInstalled = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0;
const [isMissing, why] = [!isInstalled, 'there is no Python 3.9 or later here'] as const;

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** Runs lines of Python with the module at hand. Returns the JSON that they print. `options`: the arguments of Bindery. */
async function python(options: object, lines: string): Promise<unknown> {
  const setting = 'import sys, json, datetime\nfrom bindery import *\nfrom bindery import _Clock\nshow = {}\n';
  const made = 'bindery = Bindery(**json.loads(sys.argv[1]))\n';
  const { stdout } = await promisify(execFile)(
    'python3',
    ['-B', '-c', `${setting}${made}${lines}\nprint(json.dumps(show))`, JSON.stringify(options)],
    { cwd: join(import.meta.dirname, '../../client') },
  );
  return JSON.parse(stdout);
}

const shared = sharedInstance();

test('the client in Python signs in, resolves and signs out at a local instance', async ({ skip }) => {
  skip(isMissing, why);
  const { url, sources, readers } = shared().instance;
  const options = { url, source: 'app', secret: sources[0]?.secret, reader: readers[0]?.secret };
  const shown = await python(
    options,
    `
def tokens(account):
    return [device['token'] for one in bindery.resolve([{'account': account}]) for device in one['devices']]

def outcome(answer):
    return answer['outcome']

app = 'xg-android'
lease = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)
show['login'] = outcome(bindery.login(app=app, token='py-1', account='álice', session_id='s', expires_at=lease))
show['resolved'] = tokens('álice')
show['moved'] = [outcome(bindery.token_changed(app=app, old_token='py-1', token='py-2')), tokens('álice')]
show['gone'] = [outcome(bindery.gone([{'app': app, 'token': 'py-2', 'at': before}])), tokens('álice')]
show['everywhere'] = [outcome(bindery.logout_everywhere(account='álice')), tokens('álice')]
show['again'] = [outcome(bindery.login(app=app, token='py-2', account='álice')), tokens('álice')]
show['logout'] = [outcome(bindery.logout(app=app, token='py-2')), tokens('álice')]
show['deleted'] = outcome(bindery.deleted(account='álice'))
try:
    bindery.login(app=app, token='', account='álice')
except RefusedError as error:
    show['refused'] = [error.status, error.code, error.issues[0]['path'], str(error)]
try:
    Bindery('${url}', source='app', secret='${SECRET}').logout(app=app, token='canary')
except NotSignedError as error:
    show['not signed'] = str(error)
`,
  );
  const text = 'a token is 1 to 1,000 bytes of text';
  expect(shown).toEqual({
    login: 'applied',
    resolved: ['py-1'],
    moved: ['applied', ['py-2']],
    gone: ['superseded', ['py-2']],
    everywhere: ['applied', []],
    again: ['applied', ['py-2']],
    logout: ['applied', []],
    deleted: 'applied',
    refused: [
      400,
      'invalid_event',
      'data.token',
      `HTTP 400: invalid_event: the body is not a valid event; nothing was changed; data.token: ${text}`,
    ],
    'not signed': 'HTTP 401: not_signed: webhook-signature does not match this id, timestamp and body with this secret',
  });
});

test('the client in Python sends the same id and body again, and gives up in time', async ({ skip }) => {
  skip(isMissing, why);
  const { url, received } = await scriptedServer(
    ...[
      { status: 503 },
      { status: 429, headers: { 'retry-after': '0' } },
      'drop' as const,
      { status: 200, body: '<p>' },
    ],
    { status: 200, body: APPLIED },
    ...[{ status: 503, body: { code: 'unavailable' }, headers: { 'retry-after': '60' } }, { status: 307 }],
  );
  const shown = await python(
    { url, source: 'app', secret: SECRET },
    `
random.random = lambda: 0.01
show['sent'] = bindery.login(token='canary-t', account='canary-a')
for name in ('gave up', 'moved'):
    try:
        bindery.login(token='canary-t', account='canary-a')
    except (GaveUpError, RefusedError) as error:
        show[name] = str(error)
`,
  );
  expect(shown).toEqual({
    sent: APPLIED,
    'gave up': 'gave up after 1 attempt: HTTP 503: unavailable',
    moved: 'HTTP 307',
  });
  const same = received.slice(0, 5).map(({ headers, body }) => `${headers['webhook-id']} ${body}`);
  expect([received.length, new Set(same).size]).toEqual([7, 1]);
  for (const { headers, body } of received)
    expect(() => new Webhook(SECRET).verify(body, headers as Record<string, string>)).not.toThrow(); // has no lists
});

test('the client in Python gives up on a gateway whose answers make no sense', async ({ skip }) => {
  skip(isMissing, why);
  const nested = { status: 503, body: '['.repeat(200_000), headers: { 'retry-after': '9'.repeat(5_000) } };
  const { url } = await scriptedServer(nested);
  const lines = "try:\n    bindery.logout(token='t')\nexcept GaveUpError as error:\n    show['reason'] = str(error)";
  const shown = await python({ url, source: 'app', secret: SECRET }, lines);
  expect(shown).toEqual({ reason: expect.stringContaining('HTTP 503') });
});

test('the client in Python has the clock and the tickets of the other', async ({ skip }) => {
  skip(isMissing, why);
  const shown = await python(
    { url: 'http://bindery', source: 'app', secret: SECRET },
    `
bindery = Bindery('http://bindery', 'app', '${SECRET}', now=lambda: 1795867200.25)
time_of = lambda **data: json.loads(bindery.message('user.logout', data)['body'])['timestamp']
show['times'] = [time_of(token='AB'), time_of(token='ab'), time_of(token='t', at='2026-11-28T12:00:01Z'), time_of(token='t')]
show['ahead'] = [time_of(token='u', at='2027-11-28T12:00:01Z'), time_of(token='u')]
show['ticket'] = bindery.ticket('alice', session_id='s')
clock = _Clock()
clock.next(['t0'], 1000)
for i in range(10_000):
    clock.next([f'u{i}'], 10)
show['forgotten'] = [clock.next(['t0'], 10), clock.next(['new'], 10), len(clock._last)]
`,
  );
  expect(shown).toMatchObject({
    times: ['2026-11-28T12:00:00.250Z', '2026-11-28T12:00:00.251Z', '2026-11-28T12:00:01Z', '2026-11-28T12:00:01.001Z'],
    ahead: ['2027-11-28T12:00:01Z', '2026-11-28T12:00:00.250Z'],
    forgotten: [1001, 1001, 10_000],
  });
  const { ticket } = shown as { ticket: string }; // printed above
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  const { payload } = await jwtVerify(ticket, key, { currentDate: new Date('2026-11-28T12:00:01Z') });
  expect(payload).toEqual({ iss: 'app', sub: 'alice', sid: 's', iat: 1795867200.25, exp: 1795867260 });
});
