import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** Returns how many messages a queue has that can be received now. */
export async function messagesOn(client: SQSClient, QueueUrl: string): Promise<number> {
  const question = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] });
  return Number((await client.send(question)).Attributes?.['ApproximateNumberOfMessages']);
}
