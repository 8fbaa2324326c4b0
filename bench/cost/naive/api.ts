import { type DynamoDBDocumentClient, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import { NaiveEvent } from './door.ts';

type Pair = { readonly token: string; readonly account: string };

/** The keys of both copies of a binding, which queries find by token and by account. */
const copiesOf = ({ token, account }: Pair) => [
  { pk: `token#${token}`, sk: `account#${account}` },
  { pk: `account#${account}`, sk: `token#${token}` },
];

/** The binding API: one event a call. One transaction writes both copies of the bindings that change. */
export const naiveApi = (client: DynamoDBDocumentClient, TableName: string) =>
  middy<{ readonly body: string }, { readonly statusCode: number }>().handler(async ({ body }) => {
    const { type, data, timestamp } = NaiveEvent.parse(JSON.parse(body));
    const { token = '', account = '' } = data;
    const known = await pairsOf(client, TableName, type === 'user.logout_everywhere' ? { account } : { token });
    const added = type === 'user.login' ? [{ token, account }] : [];
    const removed = known.filter((pair) => type !== 'user.login' || pair.account !== account);
    const TransactItems = [
      ...added.flatMap(copiesOf).map((key) => ({ Put: { TableName, Item: { ...key, timestamp } } })),
      ...removed.flatMap(copiesOf).map((Key) => ({ Delete: { TableName, Key } })),
    ];
    if (TransactItems.length > 0) await client.send(new TransactWriteCommand({ TransactItems }));
    return { statusCode: 200 };
  });

async function pairsOf(
  client: DynamoDBDocumentClient,
  TableName: string,
  { token, account }: Partial<Pair>,
): Promise<Pair[]> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': token === undefined ? `account#${account}` : `token#${token}` },
    }),
  );
  const other = ({ sk }: Record<string, unknown>) => `${sk}`.slice(`${sk}`.indexOf('#') + 1);
  return Items.map((item) => ({ token: token ?? other(item), account: account ?? other(item) }));
}
