import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type AwsClient, Refused, type Service } from '../../functions/aws/calls.ts';
import { SDK_CLIENT } from '../../functions/aws/sdk.ts';
import { Unavailable } from '../../functions/core/outcome.ts';

const SDK = {
  sqs: { Client: SQSClient, commands: { SendMessage: SendMessageCommand } },
  dynamodb: {
    Client: DynamoDBClient,
    commands: {
      ...{ BatchExecuteStatement: BatchExecuteStatementCommand, BatchGetItem: BatchGetItemCommand },
      ...{ DeleteItem: DeleteItemCommand, GetItem: GetItemCommand, PutItem: PutItemCommand },
      ...{ Query: QueryCommand, Scan: ScanCommand, UpdateItem: UpdateItemCommand },
    },
  },
  secretsmanager: { Client: SecretsManagerClient, commands: { GetSecretValue: GetSecretValueCommand } },
} as const;

/** Settings that make the SDK fast, and the limits of the functions. */
const SETTINGS = { ...SDK_CLIENT, cacheMiddleware: true, md5: false } as const;

type Sends = { readonly send: (command: object) => Promise<Record<string, unknown>>; readonly destroy: () => void };

type Identity = { readonly accessKeyId: string; readonly secretAccessKey: string };

/** A client of the same type over the SDK, to compare ours with. */
export function overSdk<S extends Service>(
  service: S,
  config: { endpoint?: string; region?: string; credentials?: Identity; maxAttempts?: number } = {},
): AwsClient<S> & { readonly close: () => void } {
  const { Client, commands } = SDK[service];
  // A client sends each command of its own service, and `commands` has no others. The types of a union do not say so.
  const client = new Client({ ...SETTINGS, ...config }) as unknown as Sends;
  const commandOf = commands as unknown as Readonly<Record<string, new (input: unknown) => object>>;
  const attempt: AwsClient<S>['attempt'] = async (action, input, expected) => {
    const Command = commandOf[action];
    if (Command === undefined) throw new Error(`bug: ${service} has no ${action}`);
    try {
      const { $metadata: _, ...output } = await client.send(new Command(input));
      return output as never; // the output of this command
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error.name === expected) return new Refused({ ...error });
      throw new Unavailable(error.name);
    }
  };
  const call: AwsClient<S>['call'] = async (action, input) => {
    const output = await attempt(action, input, '');
    if (output instanceof Refused) throw new Error('bug: a call without an expected error was refused');
    return output;
  };
  return { attempt, call, close: () => client.destroy() };
}
