import { marshall } from '@aws-sdk/util-dynamodb';
import type { AwsClient } from '../../functions/aws/calls.ts';
import { awsClient } from '../../functions/aws/client.ts';
import { FULL_TOKENS, MOMENT } from '../stub/answers.ts';

/** The bare calls of the registry's table, made by the functions' client. */
export function storeCalls(TableName: string) {
  const client = awsClient('dynamodb');
  return { ...reads(client, TableName), ...writes(client, TableName) };
}

const document = (token: string) => marshall({ pk: `T#shop#${token}`, sk: 'D' });
const watermark = (account: string) => marshall({ pk: `A#shop#0#${account}`, sk: '#CLEAR' });

const reads = (client: AwsClient<'dynamodb'>, TableName: string) => {
  const one = (Key: ReturnType<typeof document>) => client.call('GetItem', { TableName, Key, ConsistentRead: true });
  const all = (Keys: ReturnType<typeof document>[]) =>
    client.call('BatchGetItem', { RequestItems: { [TableName]: { Keys, ConsistentRead: true } } });
  return {
    document: (token: string) => one(document(token)),
    documents: (tokens: readonly string[]) => all(tokens.map(document)),
    watermark: (account: string) => one(watermark(account)),
    watermarks: (accounts: readonly string[]) => all(accounts.map(watermark)),
    pointers: (account: string) =>
      client.call('Query', {
        TableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :pointer)',
        ExpressionAttributeValues: marshall({ ':pk': `A#shop#0#${account}`, ':pointer': 'T#' }),
        ConsistentRead: true,
      }),
  };
};

const writes = (client: AwsClient<'dynamodb'>, TableName: string) => ({
  point: (account: string, token: string) =>
    client.call('UpdateItem', {
      TableName,
      Key: marshall({ pk: `A#shop#0#${account}`, sk: `T#${token}` }),
      UpdateExpression: 'SET #register = :value',
      ConditionExpression: 'attribute_not_exists(#register) OR #register < :value',
      ExpressionAttributeNames: { '#register': 'edge' },
      ExpressionAttributeValues: marshall({ ':value': `${MOMENT}.1.00` }),
    }),
  write: (account: string, token: string) =>
    client.call('UpdateItem', {
      TableName,
      Key: marshall({ pk: `T#shop#${token}`, sk: 'D' }),
      UpdateExpression: 'SET version = :version, clear = :clear, edges = :edges',
      ConditionExpression: 'attribute_not_exists(pk)',
      ExpressionAttributeValues: marshall({
        ':version': 1,
        ':clear': { '*': `${MOMENT}.0` },
        ':edges': { [`0#${account}`]: `${MOMENT}.1.00` },
      }),
    }),
});

/** The writes of a login after its document is read: first the account's pointer, then the document. */
export async function bindBare(calls: StoreCalls, account: string, token: string): Promise<void> {
  await calls.point(account, token);
  await calls.write(account, token);
}

export type StoreCalls = ReturnType<typeof storeCalls>;

/** The tokens of the account `someone` in the stub's table `full`. */
export const fullTokens = Array.from({ length: FULL_TOKENS }, (_, i) => `token-${i}`);
