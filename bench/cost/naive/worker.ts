import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import type { SQSEvent } from 'aws-lambda';
import { NaiveEvent } from './door.ts';

const HOUR_S = 3600;

/**
 * The worker: one message an invocation, one call of the binding API an event. A row for each event, written before and
 * after the call, prevents a second delivery from being applied again, as Powertools' idempotency does.
 */
export const naiveWorker = (
  client: DynamoDBDocumentClient,
  TableName: string,
  call: (event: NaiveEvent) => Promise<void>,
) =>
  middy<SQSEvent, void>().handler(async ({ Records }) => {
    for (const { body } of Records) {
      const event = NaiveEvent.parse(JSON.parse(body));
      const key = { pk: `idempotency#${event.id}`, sk: 'row' };
      const expires = Math.floor(Date.now() / 1000) + HOUR_S;
      await client.send(
        new PutCommand({
          TableName,
          Item: { ...key, status: 'INPROGRESS', expires },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      );
      await call(event);
      await client.send(
        new UpdateCommand({
          TableName,
          Key: key,
          UpdateExpression: 'SET #status = :completed',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: { ':completed': 'COMPLETED' },
        }),
      );
    }
  });
