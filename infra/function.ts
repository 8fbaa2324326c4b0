import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Annotations, Duration, Stack, Validations } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  type RecursiveLoop,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import * as z from 'zod';
import { keyPermissions, type StorageProps } from './encryption.ts';
import { type Door, MEMORY_MB, TIMEOUT_S } from './settings.ts';

/** The folder of the bundled functions. The CDK app of a clone makes it before each synthesis; the package brings it. */
export const BUNDLES = fileURLToPath(new URL('../bundles/', import.meta.url));

type DoorProps = StorageProps & {
  environment: Readonly<Record<string, string>>;
  /** All permissions of the function, except to write its own log. */
  permissions: PolicyStatement[];
  /** Executions reserved for the function in the account, which are also its maximum. Default: none. */
  concurrency?: number | undefined;
  /** Default: Lambda stops loops of functions. */
  recursiveLoop?: RecursiveLoop;
  /** Tries after a failed one, for asynchronous invocations. Default: 2. */
  retryAttempts?: number;
};

/** The bundle of `functions/<door>.ts` as a Lambda function with its own log and its own role. */
export class DoorFunction extends LambdaFunction {
  constructor(scope: Construct, door: Door, { permissions, concurrency, ...given }: DoorProps) {
    const { removalPolicy, key, keyArns, logRetentionDays, ...props } = given;
    const logGroup = new LogGroup(scope, `${door}-log`, {
      retention: logRetentionDays,
      removalPolicy,
      ...(key && { encryptionKey: key }),
    });
    const log = allow(logGroup.logGroupArn, 'logs:CreateLogStream', 'logs:PutLogEvents');
    super(scope, door, {
      code: Code.fromAsset(join(BUNDLES, door)),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: MEMORY_MB[door],
      timeout: Duration.seconds(TIMEOUT_S[door]),
      ...props,
      role: roleFor(scope, door, [...permissions, log, ...keyPermissions(scope, { key, keyArns })]),
      ...(concurrency !== undefined && { reservedConcurrentExecutions: concurrency }),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Omits START, END and REPORT: three lines that every invocation would pay for.
      systemLogLevelV2: SystemLogLevel.WARN,
    });
    limitEnvironment(this, props.environment);
    Validations.of(this).acknowledge(
      {
        id: 'Serverless-LambdaDLQ',
        reason:
          'A dead letter queue of a function takes failed asynchronous invocations. HTTP and queues call these functions synchronously, and the queues have dead letter queues (infra/queue.ts, infra/mirror.ts). A clock calls `sweep`, and its next call makes up for a failed one.',
      },
      {
        id: 'Serverless-LambdaTracing',
        reason:
          'Tracing needs a permission on all resources (X-Ray has no narrower one) and would show one box. Each line in the log has the request id, the outcome and the duration.',
      },
    );
  }
}

/** Inline policies only: no shared policy can add a permission. */
const roleFor = (scope: Construct, door: Door, statements: PolicyStatement[]): Role =>
  new Role(scope, `${door}-role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { may: new PolicyDocument({ statements }) },
  });

/** Actions of a function that a queue feeds. Lambda uses them in its name, and so does the function to delay a retry. */
export const RECEIVE_ACTIONS = [
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:GetQueueAttributes',
] as const;

/** Actions are listed one by one: the grant helpers of the CDK allow more than a function needs. */
export const allow = (resources: string | string[], ...actions: string[]): PolicyStatement =>
  new PolicyStatement({ resources: [resources].flat(), actions });

/** Lambda's limit for all variables of a function, measured as one JSON object. AWS does not raise it. */
const ENVIRONMENT_LIMIT_BYTES = 4096;

/**
 * Upper bound of what the deployed value of a `Ref` adds to the logical id in it: the rest of a secret's ARN or of a
 * queue's URL (partition, Region, account, the stack's name if that is short) and the letters that AWS appends.
 */
const BYTES_AROUND_A_LOGICAL_ID = 90;

/** Stops the synthesis if the deployment would fail on the size of a function's environment. */
function limitEnvironment(door: Construct, environment: Readonly<Record<string, string>>): void {
  const bytes = environmentBytes(door, environment);
  if (bytes <= ENVIRONMENT_LIMIT_BYTES) return;
  const message = `its environment would take ${bytes} bytes, Lambda allows ${ENVIRONMENT_LIMIT_BYTES}: configure fewer apps, sources, identities and readers in this stack, give identities the URL of their keys, or deploy another stack for the rest`;
  Annotations.of(door).addError(message);
}

/** Returns an upper estimate of the size at deployment in bytes. The deployed ARNs and URLs are not known before. */
export function environmentBytes(scope: Construct, environment: Readonly<Record<string, unknown>>): number {
  const deployed = Object.entries(environment).map(([name, value]) => [name, longestValue(scope, value)]);
  return Buffer.byteLength(JSON.stringify(Object.fromEntries(deployed)));
}

const Ref = z.object({ Ref: z.string() });
const Join = z.object({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.union([z.string(), Ref]))]) });
const Value = z.union([z.string(), Ref.transform((ref) => [ref]), Join.transform((join) => join['Fn::Join'][1])]);

const longestValue = (scope: Construct, value: unknown): string =>
  [Value.parse(Stack.of(scope).resolve(value))]
    .flat()
    .map((part) => (typeof part === 'string' ? part : part.Ref + '.'.repeat(BYTES_AROUND_A_LOGICAL_ID)))
    .join('');
