import { afterAll, beforeAll, expect, test } from 'vitest';
import { conformance } from '../../conformance/command.ts';
import { RULES } from '../../conformance/rules.ts';
import { run as runCommand } from '../cli/run.ts';
import { lazy } from './faults.ts';
import { type Running, serving } from './http-server.ts';
import { ownAccountApi, secretOf } from './own-account-api.ts';

const run = (options: Readonly<Record<string, string>>, ...flags: string[]) => runIn({}, options, ...flags);

const runIn = (environment: Record<string, string>, options: Readonly<Record<string, string>>, ...flags: string[]) => {
  const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return runCommand(conformance, [...given, ...flags], { folder: '.', environment });
};

const OPTIONS = { app: 'tpns-many', secret: secretOf('tpns-many'), dialect: 'tpns', auth: 'sign' };

let own: Running;
let nothing: Running;
beforeAll(async () => {
  [own, nothing] = await Promise.all([ownAccountApi(), ownAccountApi(lazy)]);
});
afterAll(() => Promise.all([own.close(), nothing.close()]));

test('the command prints a line for each rule and exits with 0 if all hold', async () => {
  const { code, out, err } = await run({ ...OPTIONS, url: own.url });
  expect([code, err]).toEqual([0, '']);
  const lines = out.trimEnd().split('\n');
  expect(lines).toHaveLength(RULES.length + 2);
  expect(lines).toContain(
    'holds           signature-covers-body       A signature holds for the bytes of its own body only.',
  );
  expect(lines).toContain(
    'not applicable  xg-query-spelling           A reply of a query has ret_code, err_msg and one list of entries. (dialect xg only)',
  );
  expect(lines.at(-1)).toMatch(/^tpns, sign, policy many: \d+ holds, 0 does not hold, \d+ not applicable$/);
});

test('the command prints the observation for each broken rule and exits with 1', async () => {
  const { code, out } = await run({ ...OPTIONS, url: nothing.url, 'wait-ms': '0' });
  expect(code).toBe(1);
  expect(out).toContain('does not hold   no-credential');
  expect(out).toMatch(/does not hold {3}no-more-than-twenty-tokens .*\n +the code: 0 is not 1008007\n/);
});

test('the option --json prints one line of JSON', async () => {
  const { code, out } = await run({ ...OPTIONS, url: own.url }, '--json');
  const { rules, ...setting } = JSON.parse(out);
  expect([code, setting]).toEqual([0, { dialect: 'tpns', authentication: 'sign', policy: 'many' }]);
  expect(rules).toHaveLength(RULES.length);
  expect(rules[0]).toEqual({
    name: RULES[0]?.name,
    says: RULES[0]?.says,
    from: RULES[0]?.from,
    verdict: 'holds',
  });
});

test('the option --documented leaves out the rules of Bindery', async () => {
  const { out } = await run({ ...OPTIONS, url: own.url }, '--json', '--documented');
  expect(JSON.parse(out).rules.map(({ from }: { from: string }) => from)).not.toContain('bindery');
});

test('the command stops at a credential that is refused, in one line and with 2', async () => {
  const { code, out, err } = await run({ ...OPTIONS, url: own.url, secret: 'another secret' });
  expect([code, out]).toEqual([2, '']);
  expect(err).toBe('the API refuses the credential (HTTP 403): check --app, --secret, --auth and --dialect\n');
});

test('the command exits with 2 if the API does not answer', async () => {
  const gone = await serving(() => {});
  await gone.close();
  const { code, out, err } = await run({ ...OPTIONS, url: gone.url });
  expect([code, out]).toEqual([2, '']);
  expect(err).toBe(`${gone.url} cannot be reached: connect ECONNREFUSED ${new URL(gone.url).host}\n`);
});

test('the command says of each missing option what it is', async () => {
  const { code, err } = await run({});
  expect(code).toBe(2);
  expect(err).toMatch(/^--url: is .*\n--app: is missing\n--secret: is missing, .*\n--dialect: is xg or tpns\n/);
});

test('the command takes the secret from BINDERY_SECRET', async () => {
  const { secret: _, ...options } = OPTIONS;
  const { code, err } = await runIn({ BINDERY_SECRET: 'wrong' }, { ...options, url: own.url });
  expect([code, err]).toEqual([2, expect.stringMatching(/^the API refuses the credential/)]);
});

test('the command without a secret exits with 2 and says where it looked', async () => {
  const { secret: _, ...options } = OPTIONS;
  expect(await run({ ...options, url: own.url })).toEqual({
    code: 2,
    out: '',
    err: '--secret: is missing, and BINDERY_SECRET too\nRun with --help.\n',
  });
});

test.each([
  ['--dialect', { ...OPTIONS, dialect: 'gcm' }],
  ['--auth', { ...OPTIONS, auth: 'none' }],
  ['--url', { ...OPTIONS, url: 'not a URL' }],
  ['--wait-ms', { ...OPTIONS, 'wait-ms': 'long' }],
  ['--dialekt', { ...OPTIONS, dialekt: 'xg' }],
])('the command exits with 2, names the option and shows no secret: %s', async (name, options) => {
  const { code, out, err } = await run({ url: own.url, ...options });
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(name);
  expect(err).toContain('Run with --help.');
  expect(err).not.toContain(OPTIONS.secret);
});
