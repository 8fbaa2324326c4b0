import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Configuration, MIRROR_EXECUTIONS } from '../../functions/core/configuration.ts';
import * as settings from '../../infra/settings.ts';
import { CONFIGURATION, MIRRORED, Ref, stackOf, synthesized } from './synthesis.ts';

const mirrored = synthesized({ configuration: MIRRORED });
const { template, paths, propertiesAt } = mirrored;
const without = synthesized();
const apps = MIRRORED.apps.map(({ id }) => id);

const functionsOf = (of: typeof without) =>
  Object.keys(of.template.findResources('AWS::Lambda::Function')).map((id) => of.paths.get(id));

/** Where a queue's dead letters go, and after how many receives. */
const redriveOf = (path: string) => {
  const { RedrivePolicy } = z
    .object({ RedrivePolicy: z.object({ deadLetterTargetArn: Ref, maxReceiveCount: z.int() }) })
    .parse(propertiesAt(path));
  return { to: paths.get(RedrivePolicy.deadLetterTargetArn), after: RedrivePolicy.maxReceiveCount };
};

/** The function that a queue is fed to. */
const fedBy = (path: string) => {
  const { FunctionName, EventSourceArn } = z
    .object({ FunctionName: Ref, EventSourceArn: Ref })
    .parse(propertiesAt(`${path}/Feed`));
  return { from: paths.get(EventSourceArn), to: paths.get(FunctionName) };
};

describe('the functions of mirrors', () => {
  test('are there only where an app has a mirror', () => {
    expect(functionsOf(without).toSorted()).toEqual(['account-api', 'apply', 'events', 'sweep']);
    expect(functionsOf(mirrored).toSorted()).toEqual(['account-api', 'apply', 'events', 'mirror', 'sweep', 'verify']);
  });

  test('may take the time that their calls to the hosted side take, and not be cut off in one', () => {
    // functions/mirror/push.ts begins no call after 15 s, functions/aws/mirrors.ts ends each after 5 s.
    expect(settings.TIMEOUT_S.mirror).toBeGreaterThanOrEqual(15 + 5 + 5);
  });
});

describe.each(apps)('the mirror of %s', (app) => {
  const mirror = `Mirror ${app}`;

  test('has a FIFO queue for its marks whose groups are locks, and whose messages say themselves what is a copy', () => {
    expect(propertiesAt(`${mirror}/Marks/Queue`)).toMatchObject({
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
      ContentBasedDeduplication: false,
    });
    expect(propertiesAt(`${mirror}/Marks/Dead`)).toMatchObject({ FifoQueue: true });
  });

  test('has a standard queue for its checks, since a FIFO queue can delay no single message', () => {
    expect(propertiesAt(`${mirror}/Checks/Queue`)).not.toHaveProperty('FifoQueue');
  });

  test.each([
    ['Marks', 'mirror', settings.MARKS_QUEUE],
    ['Checks', 'verify', settings.CHECKS_QUEUE],
  ] as const)('feeds %s to %s in the numbers of the settings', (queue, door, { feed, ...numbers }) => {
    expect(fedBy(`${mirror}/${queue}`)).toEqual({ from: `${mirror}/${queue}/Queue`, to: door });
    const mapping = z.record(z.string(), z.unknown()).parse(propertiesAt(`${mirror}/${queue}/Feed`));
    expect(mapping).toMatchObject({
      BatchSize: feed.batchSize,
      ScalingConfig: { MaximumConcurrency: MIRROR_EXECUTIONS },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    expect(mapping['MaximumBatchingWindowInSeconds']).toBe(feed.windowS);
    expect(propertiesAt(`${mirror}/${queue}/Queue`)).toMatchObject({
      VisibilityTimeout: numbers.visibilityS,
      MessageRetentionPeriod: numbers.retentionS,
    });
    expect(numbers.visibilityS).toBe(6 * settings.TIMEOUT_S[door] + (feed.windowS ?? 0));
    expect(redriveOf(`${mirror}/${queue}/Queue`)).toEqual({
      to: `${mirror}/${queue}/Dead`,
      after: numbers.maxReceiveCount,
    });
    expect(propertiesAt(`${mirror}/${queue}/Dead`)).toMatchObject({
      MessageRetentionPeriod: settings.DEAD_LETTERS.retentionS,
    });
  });

  test("has a secret without a value, for a person to put the hosted service's into", () => {
    const secret = z.record(z.string(), z.unknown()).parse(propertiesAt(`${mirror}/Secret`));
    expect(secret).not.toHaveProperty('GenerateSecretString');
    expect(secret).not.toHaveProperty('SecretString');
  });
});

test('a day without the hosted side makes no dead letters', () => {
  // Each try is followed by half the longest wait on average (functions/mirror.ts: 300 s).
  const triesADay = 86_400 / 150;
  for (const { maxReceiveCount } of [settings.MARKS_QUEUE, settings.CHECKS_QUEUE])
    expect(maxReceiveCount).toBeGreaterThan(1.5 * triesADay);
});

test('a batch is one that SQS allows: ten of a FIFO queue, and of more than ten only with a window', () => {
  expect(settings.MARKS_QUEUE.feed).toEqual({ batchSize: 10, maxConcurrency: MIRROR_EXECUTIONS });
  expect(settings.CHECKS_QUEUE.feed.windowS).toBeGreaterThanOrEqual(1);
});

test('a mirror that is reached in the clear stops the synthesis, also one on this machine', () => {
  const [android, ios] = MIRRORED.apps;
  const apps = [{ ...android, mirror: { ...android?.mirror, url: 'http://127.0.0.1:8787' } }, ios];
  const configuration = Configuration.parse({ ...CONFIGURATION, apps });
  expect(() => Template.fromStack(stackOf({ configuration }))).toThrow(
    /the mirror of app "shop-android" has no https URL, so its secret would be sent unencrypted: use https/,
  );
});

test('more mirrors than an environment holds stop the synthesis', () => {
  const apps = Array.from({ length: 12 }, (_, i) => ({
    id: `app-${i}`,
    dialect: 'xg',
    platform: 'ios',
    mirror: { url: 'https://xg.example', app: '1', dialect: 'xg' },
  }));
  const configuration = Configuration.parse({ apps, sources: [{ ...CONFIGURATION.sources[0], apps: ['app-0'] }] });
  expect(() => Template.fromStack(stackOf({ configuration }))).toThrow(/Lambda allows 4096/);
});

test('five mirrors are not too many for it', () => {
  const apps = Array.from({ length: 5 }, (_, i) => ({
    id: `shop-android-${i}`,
    dialect: 'tpns',
    policy: 'one-per-type',
    platform: 'android',
    mirror: { url: 'https://api.tpns.sgp.tencent.com', app: `150000000${i}`, dialect: 'tpns' },
  }));
  const configuration = Configuration.parse({
    apps,
    sources: [{ ...CONFIGURATION.sources[0], apps: ['shop-android-0'] }],
  });
  expect(() => Template.fromStack(stackOf({ configuration, stage: 'prod' }))).not.toThrow();
});

describe('sweep', () => {
  test('is called by the clock, with or without mirrors', () => {
    for (const of of [template, without.template])
      of.hasResourceProperties('AWS::Events::Rule', {
        ScheduleExpression: `rate(${settings.SWEEP_EVERY_MINUTES === 60 ? '1 hour' : `${settings.SWEEP_EVERY_MINUTES} minutes`})`,
        Targets: [Match.objectLike({ RetryPolicy: { MaximumRetryAttempts: 0 } })],
      });
  });

  test('has ended when it is called again, and is not tried again before', () => {
    expect(settings.TIMEOUT_S.sweep).toBeLessThan(60 * settings.SWEEP_EVERY_MINUTES);
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 });
  });
});
