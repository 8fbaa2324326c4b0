import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import type { Configuration } from '../functions/core/configuration.ts';
import { CHECKS_QUEUE, MARKS_QUEUE, operationsFeed } from '../infra/settings.ts';
import type { Doors } from './doors.ts';
import type { EventSource } from './event-source.ts';
import { invoke } from './invocation.ts';
import type { Queues } from './resources.ts';

/** The queues and the functions that they feed, in the numbers of the deployed mappings. */
export const feedsOf = (
  client: SQSClient,
  apps: Configuration['apps'],
  { operations, mirrors }: Queues,
  doors: Doors,
): EventSource[] => [
  { client, queue: operations, invoke: (event) => invoke(doors.apply, event), numbers: operationsFeed(apps) },
  ...[...mirrors.values()].flatMap(({ marks, checks }) => {
    if (doors.mirrors === undefined) return [];
    const { mirror, verify } = doors.mirrors;
    return [
      { client, queue: marks, invoke: (event: SQSEvent) => invoke(mirror, event), numbers: MARKS_QUEUE.feed },
      { client, queue: checks, invoke: (event: SQSEvent) => invoke(verify, event), numbers: CHECKS_QUEUE.feed },
    ];
  }),
];
