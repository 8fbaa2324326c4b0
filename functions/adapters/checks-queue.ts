import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { AppId } from '../core/configuration.ts';
import type { Cause, Check, ChecksMessage } from '../core/mirror-mark.ts';
import { Unavailable } from '../core/outcome.ts';
import { asking } from './aws.ts';
import { ascii } from './operations-queue.ts';

/** Checks in one message: tokens of one query. */
const CHECKS_A_MESSAGE = 20;

/** Messages SQS takes at once. */
const MESSAGES_A_REQUEST = 10;

/** Has tokens of an app compared with its hosted side after a delay (s, 0 to 900); resolves when all checks are held. */
export const checksQueue =
  (client: SQSClient, QueueUrl: string) =>
  async (app: AppId, cause: Cause, checks: readonly Check[], DelaySeconds: number): Promise<void> => {
    const bodies: string[] = [];
    for (let start = 0; start < checks.length; start += CHECKS_A_MESSAGE) {
      const some = checks.slice(start, start + CHECKS_A_MESSAGE);
      bodies.push(ascii({ v: 1, app, cause, checks: some } satisfies ChecksMessage));
    }
    for (let start = 0; start < bodies.length; start += MESSAGES_A_REQUEST) {
      const Entries = bodies
        .slice(start, start + MESSAGES_A_REQUEST)
        .map((MessageBody, i) => ({ Id: `${i}`, MessageBody, DelaySeconds }));
      const { Failed = [] } = await asking(() => client.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
      if (Failed.length > 0) throw new Unavailable(Failed[0]?.Code ?? 'not sent');
    }
  };
