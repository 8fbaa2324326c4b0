import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { TABLE } from '../infra/settings.ts';

/** What `CreateTable` is told of the registry. Expiry is set by another call, which the embedded DynamoDB does not have. */
export const registryTableInput = (TableName: string) =>
  ({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: TABLE.partitionKey, AttributeType: 'S' },
      { AttributeName: TABLE.sortKey, AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: TABLE.partitionKey, KeyType: 'HASH' },
      { AttributeName: TABLE.sortKey, KeyType: 'RANGE' },
    ],
  }) satisfies CreateTableCommandInput;
