import { randomBytes } from 'node:crypto';
import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, SetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import type { Versions } from '../../local/aws/servers.ts';
import { Ref, type Synthesized } from './synthesis.ts';

export const REGION = 'us-east-1';
const ACCOUNT = '000000000000';

const Queue = z.object({
  FifoQueue: z.boolean().default(false),
  RedrivePolicy: z.object({ deadLetterTargetArn: Ref, maxReceiveCount: z.int() }).optional(),
});
const Table = z.object({
  KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) })),
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
});
/** Without a length, an operator puts the value. */
const Secret = z.object({ GenerateSecretString: z.object({ PasswordLength: z.int() }).optional() });
const EventSource = z.object({ FunctionName: Ref, EventSourceArn: Ref });
const WithVariables = z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) });
const Reference = z.strictObject({ Ref: z.string() });
const Join = z.strictObject({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) });

/**
 * Names a synthesized stack's resources on embedded services, and creates them there. A resource has the path of its
 * construct; its name on a service is its logical id.
 */
export function embedded(stack: Synthesized, endpoint: string) {
  const queues = new Map(
    stack
      .ofType('AWS::SQS::Queue', Queue)
      .map(({ id, properties: { FifoQueue } }) => [id, FifoQueue ? `${id}.fifo` : id]),
  );
  const secrets = new Map(
    stack.ofType('AWS::SecretsManager::Secret', Secret).map(({ id, properties }) => [id, properties]),
  );
  /** Returns a template's value: a queue's URL, a secret's ARN, or the name of any other resource. */
  const valueIn = (value: unknown): string => {
    if (typeof value === 'string') return value;
    const join = Join.safeParse(value);
    if (join.success) return join.data['Fn::Join'][1].map(valueIn).join(join.data['Fn::Join'][0]);
    const { Ref: id } = Reference.parse(value);
    if (!stack.paths.has(id)) throw new Error(`bug: the stack has no resource ${id}`);
    if (secrets.has(id)) return `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${id}`;
    return queues.has(id) ? `${endpoint}/${ACCOUNT}/${queues.get(id)}` : id;
  };
  const queueArn = (id: string): string => `arn:aws:sqs:${REGION}:${ACCOUNT}:${queues.get(id)}`;
  const at = (path: string): string => valueIn({ Ref: stack.idAt(path) });
  return {
    at,
    valueIn,
    /** Returns the path of the construct that a call names. */
    pathOf: (name: string): string => stack.paths.get(name.replace(/^.*:|\.fifo$/g, '')) ?? name,
    queueArn: (path: string): string => queueArn(stack.idAt(path)),
    /** Returns the environments of functions by door. */
    functions: (): Map<string, Record<string, string>> =>
      new Map(
        stack.ofType('AWS::Lambda::Function', WithVariables).map(({ path, properties }) => {
          const variables = Object.entries(properties.Environment.Variables);
          return [path, Object.fromEntries(variables.map(([name, value]) => [name, valueIn(value)]))];
        }),
      ),
    /** Returns new values for all secrets by ARN, as long as the template requires. */
    secrets: (): Map<string, Versions> =>
      new Map(
        [...secrets].map(([id, { GenerateSecretString }]) => {
          const { PasswordLength: length = 32 } = GenerateSecretString ?? {};
          return [valueIn({ Ref: id }), { AWSCURRENT: randomBytes(length).toString('hex').slice(0, length) }];
        }),
      ),
    createQueues: async (client: SQSClient): Promise<void> => {
      for (const QueueName of queues.values()) {
        const Attributes = QueueName.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
        await client.send(new CreateQueueCommand({ QueueName, Attributes }));
      }
      for (const { id, properties } of stack.ofType('AWS::SQS::Queue', Queue)) {
        if (properties.RedrivePolicy === undefined) continue;
        const { deadLetterTargetArn, maxReceiveCount } = properties.RedrivePolicy;
        const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn(deadLetterTargetArn), maxReceiveCount });
        await client.send(
          new SetQueueAttributesCommand({ QueueUrl: valueIn({ Ref: id }), Attributes: { RedrivePolicy } }),
        );
      }
    },
    createTables: async (client: DynamoDBClient): Promise<void> => {
      for (const { id: TableName, properties } of stack.ofType('AWS::DynamoDB::GlobalTable', Table))
        await client.send(new CreateTableCommand({ TableName, BillingMode: 'PAY_PER_REQUEST', ...properties }));
    },
  };
}

/** Returns the paths of the queues that feed a function. */
export const sourcesOf = (stack: Synthesized, door: string): string[] =>
  stack
    .ofType('AWS::Lambda::EventSourceMapping', EventSource)
    .filter(({ properties }) => stack.paths.get(properties.FunctionName) === door)
    .map(({ properties }) => `${stack.paths.get(properties.EventSourceArn)}`);
