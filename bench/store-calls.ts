import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { CLIENT } from '../functions/adapters/aws.ts';
import { FULL_TOKENS } from './stub-answers.ts';

/** The table's calls without anything of ours around them, through a client like ours. */
export function storeCalls(TableName: string) {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(CLIENT));
  const document = (token: string) => ({ pk: `T#shop#${token}`, sk: 'D' });
  return {
    read: (token: string) => client.send(new GetCommand({ TableName, Key: document(token), ConsistentRead: true })),
    readAll: (tokens: readonly string[]) => {
      const Keys = tokens.map(document);
      return client.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }));
    },
    point: (account: string, token: string) =>
      client.send(
        new UpdateCommand({
          TableName,
          Key: { pk: `A#shop#0#${account}`, sk: `T#${token}` },
          UpdateExpression: 'SET #register = :value',
          ConditionExpression: 'attribute_not_exists(#register) OR #register < :value',
          ExpressionAttributeNames: { '#register': 'edge' },
          ExpressionAttributeValues: { ':value': `${MOMENT}.1.00` },
        }),
      ),
    write: (account: string, token: string) =>
      client.send(
        new PutCommand({
          TableName,
          Item: {
            ...document(token),
            version: 1,
            clear: { '*': `${MOMENT}.0` },
            edges: { [`0#${account}`]: `${MOMENT}.1.00` },
          },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    pointers: (account: string) =>
      client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :pointer)',
          ExpressionAttributeValues: { ':pk': `A#shop#0#${account}`, ':pointer': 'T#' },
          ConsistentRead: true,
        }),
      ),
    watermark: (account: string) =>
      client.send(
        new GetCommand({ TableName, Key: { pk: `A#shop#0#${account}`, sk: '#CLEAR' }, ConsistentRead: true }),
      ),
    watermarks: (accounts: readonly string[]) => {
      const Keys = accounts.map((account) => ({ pk: `A#shop#0#${account}`, sk: '#CLEAR' }));
      return client.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }));
    },
    close: () => client.destroy(),
  };
}

export type StoreCalls = ReturnType<typeof storeCalls>;

const MOMENT = '1700000000000.1.0123456789abcdef.000';

/** The tokens that the stub says an account of its `full` table has. */
export const fullTokens = Array.from({ length: FULL_TOKENS }, (_, i) => `token-${i}`);
