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
  return { ...reads(client, TableName), ...writes(client, TableName), close: () => client.destroy() };
}

const document = (token: string) => ({ pk: `T#shop#${token}`, sk: 'D' });
const watermark = (account: string) => ({ pk: `A#shop#0#${account}`, sk: '#CLEAR' });

const reads = (client: DynamoDBDocumentClient, TableName: string) => {
  const all = (Keys: Record<string, string>[]) =>
    client.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }));
  return {
    document: (token: string) => client.send(new GetCommand({ TableName, Key: document(token), ConsistentRead: true })),
    documents: (tokens: readonly string[]) => all(tokens.map(document)),
    watermark: (account: string) =>
      client.send(new GetCommand({ TableName, Key: watermark(account), ConsistentRead: true })),
    watermarks: (accounts: readonly string[]) => all(accounts.map(watermark)),
    pointers: (account: string) =>
      client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :pointer)',
          ExpressionAttributeValues: { ':pk': `A#shop#0#${account}`, ':pointer': 'T#' },
          ConsistentRead: true,
        }),
      ),
  };
};

const writes = (client: DynamoDBDocumentClient, TableName: string) => ({
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
});

/** What a login comes to once its document was read: "look there", and then the document. */
export async function bindBare(calls: StoreCalls, account: string, token: string): Promise<void> {
  await calls.point(account, token);
  await calls.write(account, token);
}

export type StoreCalls = ReturnType<typeof storeCalls>;

const MOMENT = '1700000000000.1.0123456789abcdef.000';

/** The tokens that the stub says an account of its `full` table has. */
export const fullTokens = Array.from({ length: FULL_TOKENS }, (_, i) => `token-${i}`);
