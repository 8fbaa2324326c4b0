import { writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { doctor } from '../../../cli/doctor/doctor.ts';
import { Configuration } from '../../../functions/core/bindery-json.ts';
import { COMPLETE, synthesized } from '../../infra/synthesis.ts';
import { temporaryFolder } from '../../local/instance.ts';
import { run } from '../run.ts';
import { type Answers, failing, healthy, startAws } from './aws-answers.ts';

const removals: (() => void)[] = [];
const folder = temporaryFolder((remove) => removals.push(remove));
const config = join(folder, 'bindery.json');
const other = join(folder, 'other.json');

let usual: Answers;
let answers: Answers;
let dateMs: () => number;
let aws: Awaited<ReturnType<typeof startAws>>;
beforeAll(async () => {
  aws = await startAws(
    () => answers,
    () => dateMs(),
  );
  const configuration = Configuration.parse({
    ...COMPLETE,
    apps: COMPLETE.apps.map(({ mirror, ...app }) => ({ ...app, mirror: { ...mirror, url: aws.url } })),
  });
  const stages = { prod: {} };
  writeFileSync(config, JSON.stringify({ ...configuration, stages }));
  const [first, ...rest] = configuration.apps;
  const apps = [{ ...first, platform: 'ios' }, ...rest];
  const [, ...sources] = configuration.sources;
  writeFileSync(other, JSON.stringify({ ...configuration, apps, sources, stages: { prod: { maxConcurrency: 30 } } }));
  usual = healthy(synthesized({ configuration: COMPLETE, stage: 'prod' }), aws.url, Date.now);
  const account = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'operator', AWS_SECRET_ACCESS_KEY: 'key' };
  const files = { AWS_CONFIG_FILE: devNull, AWS_SHARED_CREDENTIALS_FILE: devNull, AWS_MAX_ATTEMPTS: '1' };
  for (const [name, value] of Object.entries({ ...account, ...files, AWS_ENDPOINT_URL: aws.url }))
    vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await aws.close();
  for (const remove of removals) remove();
});
beforeEach(() => {
  answers = usual;
  dateMs = Date.now;
});

const Report = z.object({
  ok: z.boolean(),
  findings: z.array(
    z.object({
      check: z.string(),
      level: z.string(),
      what: z.string(),
      why: z.string().optional(),
      todo: z.string().optional(),
    }),
  ),
});

/** Runs the command with some answers replaced. Returns its exit code, and the findings that are not "ok". */
async function examined(replaced: Answers = {}, file = config) {
  answers = { ...usual, ...replaced };
  const { code, out } = await run(doctor, ['--stage', 'prod', '--config', file, '--json'], { folder });
  const { findings, ok } = Report.parse(JSON.parse(out));
  expect(ok).toBe(code === 0);
  return { code, findings, faults: findings.filter(({ level }) => level !== 'ok') };
}

test('a healthy deployment has no findings but good ones, one of each check at least', async () => {
  const { code, faults, findings } = await examined();
  expect(faults).toEqual([]);
  expect(code).toBe(0);
  expect(new Set(findings.map(({ check }) => check))).toEqual(
    new Set(
      [
        'configuration',
        'stack',
        'drift',
        'address',
        'secrets',
        'mirror',
        'queues',
        'oldest operation',
        'mappings',
      ].concat(['alarms', 'table', 'executions', 'log policies', 'bootstrap', 'clock']),
    ),
  );
});

const DAY_S = 86_400;
const says =
  (body: unknown, status = 200) =>
  () => ({ body, status });
const secondsAgo = (seconds: number) => Date.now() / 1000 - seconds;

test.each<[title: string, replaced: () => Answers, level: string, check: string, what: RegExp]>([
  [
    'a stack that does not exist',
    () => ({ DescribeStacks: failing('ValidationError', 'Stack with id Bindery-prod does not exist') }),
    'error',
    'stack',
    /no stack Bindery-prod/,
  ],
  ['an output that is missing', () => withoutOutput('ParkedQueueUrl'), 'error', 'stack', /no output ParkedQueueUrl/],
  [
    'a roll back that failed',
    () => replacing('CREATE_COMPLETE', 'UPDATE_ROLLBACK_FAILED'),
    'error',
    'stack',
    /is UPDATE_ROLL/,
  ],
  [
    'variables that a key hides',
    () => ({ GetFunctionConfiguration: says({ Environment: { Error: { Message: 'no kms:Decrypt' } } }) }),
    'warning',
    'drift',
    /not checked: the variables of events/,
  ],
  [
    'a function that is missing',
    () => withoutFunction('Binderysweep'),
    'error',
    'drift',
    /function sweep is not deployed/,
  ],
  [
    'an address of another service',
    () => ({ root: says({}, 404) }),
    'error',
    'address',
    /answers 404, and it is not Bindery/,
  ],
  ['an address that fails', () => ({ root: says({}, 503) }), 'warning', 'address', /answers 503/],
  [
    'a path that is changed',
    () => ({ wrongPath: says({ message: 'Not Found' }, 404) }),
    'error',
    'address',
    /wrong path/,
  ],
  [
    'a secret without a value',
    () => ({ GetSecretValue: failing('ResourceNotFoundException', 'no AWSCURRENT') }),
    'error',
    'secrets',
    /has no value/,
  ],
  [
    'a secret that is no key',
    () => ({ GetSecretValue: says({ SecretString: 'not base64!' }) }),
    'error',
    'secrets',
    /cannot be/,
  ],
  ['a short secret', () => ({ GetSecretValue: says({ SecretString: 'guess-me' }) }), 'warning', 'secrets', /is short/],
  [
    'a value that was left over',
    () => ({
      ListSecretVersionIds: says({
        Versions: [
          { VersionStages: ['AWSPREVIOUS'], CreatedDate: secondsAgo(90 * DAY_S) },
          { VersionStages: ['AWSCURRENT'], CreatedDate: secondsAgo(31 * DAY_S) },
        ],
      }),
    }),
    'warning',
    'secrets',
    /still has its value from before/,
  ],
  [
    'a mirror without a secret',
    () => ({ GetSecretValue: failing('ResourceNotFoundException', 'none') }),
    'error',
    'mirror',
    /mirror of shop-android has no secret/,
  ],
  [
    'a credential that a hosted API refuses',
    () => ({ hosted: says({}, 401) }),
    'error',
    'mirror',
    /refuses the credential/,
  ],
  ['a hosted API that is down', () => ({ hosted: says({}, 502) }), 'warning', 'mirror', /does not answer/],
  [
    'a parked message',
    () => ({ GetQueueAttributes: says({ Attributes: { ApproximateNumberOfMessages: '3' } }) }),
    'error',
    'queues',
    /messages parked: 3/,
  ],
  [
    'an operation that waits',
    () => ({ GetMetricStatistics: says({ Datapoints: [{ Timestamp: secondsAgo(60), Maximum: 400 }] }) }),
    'error',
    'oldest operation',
    /waits for 400 s/,
  ],
  [
    'a mapping that is off',
    () => ({
      GetEventSourceMapping: (id) => ({
        body: { ...Object(usual['GetEventSourceMapping']?.(id).body), State: 'Disabled' },
      }),
    }),
    'error',
    'mappings',
    /is Disabled/,
  ],
  [
    'a queue that is not read',
    () => ({ GetEventSourceMapping: says({ State: 'Enabled' }) }),
    'error',
    'mappings',
    /no function reads/,
  ],
  [
    'an alarm',
    () => ({
      DescribeAlarms: says({
        MetricAlarms: [
          { AlarmName: 'Bindery-prod-A', AlarmDescription: 'It is bad. First: look. docs/operations/alarms.md#it' },
        ],
      }),
    }),
    'error',
    'alarms',
    /Bindery-prod-A is on/,
  ],
  [
    'a restored table without settings',
    () => ({ DescribeTimeToLive: says({ TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } }) }),
    'warning',
    'table',
    /no expiry/,
  ],
  [
    'a table without backups',
    () => ({
      DescribeContinuousBackups: says({ ContinuousBackupsDescription: { ContinuousBackupsStatus: 'ENABLED' } }),
    }),
    'warning',
    'table',
    /point-in-time/,
  ],
  [
    'a new account',
    () => ({
      GetAccountSettings: says({ AccountLimit: { ConcurrentExecutions: 10, UnreservedConcurrentExecutions: 10 } }),
    }),
    'warning',
    'executions',
    /10 of 10 executions/,
  ],
  [
    'ten policies of others',
    () => ({
      DescribeResourcePolicies: says({
        resourcePolicies: Array.from({ length: 10 }, (_, i) => ({ policyName: `${i}` })),
      }),
    }),
    'error',
    'log policies',
    /has 10 resource policies/,
  ],
  [
    'an account without a bootstrap',
    () => ({ GetParameter: failing('ParameterNotFound', '') }),
    'error',
    'bootstrap',
    /not bootstrapped/,
  ],
  [
    'an old bootstrap',
    () => ({ GetParameter: says({ Parameter: { Value: '5' } }) }),
    'error',
    'bootstrap',
    /version 5/,
  ],
  [
    'a call that credentials do not allow',
    () => ({
      GetAccountSettings: failing('AccessDeniedException', 'not authorized to perform: lambda:GetAccountSettings'),
    }),
    'warning',
    'executions',
    /not checked: your credentials may not/,
  ],
  [
    'a call that fails',
    () => ({ GetParameter: failing('InternalServerError', 'later') }),
    'warning',
    'bootstrap',
    /not checked: the call failed/,
  ],
  [
    'credentials that have expired',
    () => ({ DescribeStacks: failing('ExpiredToken', 'The security token included in the request is expired') }),
    'error',
    'stack',
    /does not accept your credentials/,
  ],
])('%s is a finding with a reason and a next step', async (_, replaced, level, check, what) => {
  const { code, faults } = await examined(replaced());
  const found = faults.find((one) => one.check === check && what.test(one.what));
  expect(found, JSON.stringify(faults)).toMatchObject({ level, why: expect.any(String), todo: expect.any(String) });
  if (level === 'error') expect(code).toBe(1);
});

/** Replaces a text in the answer that describes the stack, or lists its resources. */
const replacing = (text: string | RegExp, by: string, action = 'DescribeStacks'): Answers => ({
  [action]: (input) => ({ body: `${usual[action]?.(input).body}`.replaceAll(text, by) }),
});
const withoutOutput = (name: string) => replacing(`<OutputKey>${name}<`, '<OutputKey>Other<');
const withoutFunction = (id: string) => replacing(id, 'Other', 'ListStackResources');

test('credentials that AWS refuses are one finding, as every other check would say the same', async () => {
  const { faults } = await examined({ DescribeStacks: failing('ExpiredToken', 'The security token is expired') });
  expect(faults).toHaveLength(1);
});

test('a warning alone leaves the exit code 0, and a clock that is 10 s off is one', async () => {
  dateMs = () => Date.now() + 10_000;
  const { code, faults } = await examined();
  expect(faults).toMatchObject([{ check: 'clock', level: 'warning', what: expect.stringMatching(/\b(8|9|10) s off/) }]);
  expect(code).toBe(0);
});

test('drift names the places where the deployed configuration differs', async () => {
  const { faults } = await examined({}, other);
  const of = (check: string) => faults.filter((one) => one.check === check).map(({ what }) => what);
  expect(of('drift').join('\n')).toContain(
    'the function events was deployed with another bindery.json: apps[0].platform',
  );
  expect(of('drift').join('\n')).toContain(
    'the function mirror was deployed with another bindery.json: mirrors.shop-android',
  );
  expect(of('mappings')).toEqual(['maxConcurrency is 20 in AWS and 30 in bindery.json']);
});

test('a configuration with faults is the only finding, and a stage that it lacks is one', async () => {
  const broken = join(folder, 'broken.json');
  writeFileSync(broken, JSON.stringify({ apps: [], sources: [{ id: 'a b' }] }));
  const { code, faults } = await examined({}, broken);
  expect(faults.length).toBeGreaterThan(1);
  expect(new Set(faults.map(({ check }) => check))).toEqual(new Set(['configuration']));
  expect(code).toBe(1);
  const { out } = await run(doctor, ['--stage', 'pro', '--config', config], { folder });
  expect(out).toContain('did you mean "prod"?');
});

test('the report shows a reason and a next step below each finding, and no value of a secret', async () => {
  answers = { ...usual, GetSecretValue: says({ SecretString: 'guess-me' }) };
  const { out } = await run(doctor, ['--stage', 'prod', '--config', config], { folder });
  expect(out).toMatch(
    / {2}WARNING {2}secrets +the value of SecretOfAppShopAndroid is short\n +fewer than .*\n +→ put a right/,
  );
  expect(out).not.toContain('guess-me');
});
