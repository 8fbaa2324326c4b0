import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import type { Configuration } from '../../functions/core/configuration.ts';
import { operationsFeed } from '../../infra/settings.ts';
import { feedsOf } from '../../local/lambda/event-source.ts';
import type { Doors } from '../../local/lambda/invoke.ts';
import { CONFIGURATION, MIRRORED } from '../infra/synthesis.ts';

const queue = { url: 'http://127.0.0.1:1/operations', arn: 'arn:aws:sqs:us-east-1:000000000000:operations' };

/** The numbers of the mapping from the operations queue for these apps. No message is received. */
function operationsFeedFor(apps: Configuration['apps']) {
  const queues = { operations: queue, parked: queue, mirrors: new Map() };
  return feedsOf(new SQSClient({ region: 'us-east-1' }), apps, queues, {} as Doors)[0]?.numbers;
}

test('the operations queue is fed with the deployed window: a second, none if an app has a mirror', () => {
  for (const { apps } of [CONFIGURATION, MIRRORED]) expect(operationsFeedFor(apps)).toEqual(operationsFeed(apps));
  expect([CONFIGURATION, MIRRORED].map(({ apps }) => operationsFeedFor(apps)?.windowS)).toEqual([1, undefined]);
});
