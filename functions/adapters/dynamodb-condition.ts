import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { asking } from './aws.ts';

/** That an item still stands at the version that was read; at 0, that there is none. */
export const over = (version: number) =>
  version === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : { ConditionExpression: 'version = :version', ExpressionAttributeValues: marshall({ ':version': version }) };

/** Whether the write's condition held. */
export const isMet = (write: () => Promise<unknown>): Promise<boolean> =>
  asking(async () => {
    try {
      await write();
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  });
