import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { MIRROR_EXECUTIONS } from '../../functions/core/configuration.ts';
import * as settings from '../../infra/settings.ts';
import { CONFIGURATION, MIRRORED, stackOf, synthesized } from './synthesis.ts';

const mirrored = synthesized({ configuration: MIRRORED });
const { template, propertiesAt } = mirrored;
const without = synthesized();
const apps = MIRRORED.apps.map(({ id }) => id);

const functionsOf = (of: typeof without) =>
  Object.keys(of.template.findResources('AWS::Lambda::Function')).map((id) => of.paths.get(id));

test('the functions mirror and verify are deployed only if an app has a mirror', () => {
  expect(functionsOf(without).toSorted()).toEqual(['account-api', 'apply', 'events', 'sweep']);
  expect(functionsOf(mirrored).toSorted()).toEqual(['account-api', 'apply', 'events', 'mirror', 'sweep', 'verify']);
});

test('the timeout of mirror is longer than its calls to the hosted API take', () => {
  // functions/mirror/push.ts begins no call after 15 s, functions/aws/mirrors.ts ends each after 5 s.
  expect(settings.TIMEOUT_S.mirror).toBeGreaterThanOrEqual(15 + 5 + 5);
});

describe.each(apps)('the mirror of %s', (app) => {
  const mirror = `Mirror ${app}`;

  test('the queue of marks is FIFO, with groups as locks and without deduplication by content', () => {
    expect(propertiesAt(`${mirror}/Marks/Queue`)).toMatchObject({
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
      ContentBasedDeduplication: false,
    });
    expect(propertiesAt(`${mirror}/Marks/Dead`)).toMatchObject({ FifoQueue: true });
  });

  test('the queue of checks is a standard queue, since a FIFO queue cannot delay a single message', () => {
    expect(propertiesAt(`${mirror}/Checks/Queue`)).not.toHaveProperty('FifoQueue');
  });

  test('the secret of a hosted API has no value until an operator puts it', () => {
    expect(propertiesAt(`${mirror}/Secret`)).not.toHaveProperty('GenerateSecretString');
  });
});

test('a day without the hosted API makes no dead letters', () => {
  // Each try is followed by half the longest wait on average (functions/mirror.ts: 300 s).
  const triesADay = 86_400 / 150;
  for (const { maxReceiveCount } of [settings.MARKS_QUEUE, settings.CHECKS_QUEUE])
    expect(maxReceiveCount).toBeGreaterThan(1.5 * triesADay);
});

test('a batch has a size that SQS allows: ten for a FIFO queue, more than ten only with a window', () => {
  expect(settings.MARKS_QUEUE.feed).toEqual({ batchSize: 10, maxConcurrency: MIRROR_EXECUTIONS });
  expect(settings.CHECKS_QUEUE.feed.maxConcurrency).toBe(MIRROR_EXECUTIONS);
  expect(settings.CHECKS_QUEUE.feed.windowS).toBeGreaterThanOrEqual(1);
});

test('a mirror without https stops the synthesis, even on this machine', () => {
  const [android, ios] = MIRRORED.apps;
  const apps = [{ ...android, mirror: { ...android?.mirror, url: 'http://127.0.0.1:8787' } }, ios];
  const configuration = Configuration.parse({ ...CONFIGURATION, apps });
  expect(() => Template.fromStack(stackOf({ configuration }))).toThrow(
    /the mirror of app "shop-android" has no https URL, so its secret would be sent unencrypted: use https/,
  );
});

test('five mirrors fit into the environment', () => {
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

test('the clock calls sweep, with or without mirrors', () => {
  for (const of of [template, without.template])
    of.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: `rate(${settings.SWEEP_EVERY_MINUTES === 60 ? '1 hour' : `${settings.SWEEP_EVERY_MINUTES} minutes`})`,
      Targets: [Match.objectLike({ RetryPolicy: { MaximumRetryAttempts: 0 } })],
    });
});

test('a run of sweep ends before the next one, and is not retried', () => {
  expect(settings.TIMEOUT_S.sweep).toBeLessThan(60 * settings.SWEEP_EVERY_MINUTES);
  template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 });
});
