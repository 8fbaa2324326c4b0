import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { asking } from './aws.ts';

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
