import { Buffer } from 'node:buffer';
import { fileURLToPath } from 'node:url';
import { Annotations, Duration, Stack, Validations } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, type RecursiveLoop, Runtime, SystemLogLevel } from 'aws-cdk-lib/aws-lambda';
import { type BundlingOptions, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { BuildOptions } from 'esbuild';
import * as z from 'zod';
import type { Keeping } from './encryption.ts';
import { type Door, LOG_RETENTION_DAYS, MEMORY_MB, TIMEOUT_S } from './settings.ts';

const standIn = (file: string): string => fileURLToPath(new URL(`bundled/${file}`, import.meta.url));

/**
 * How a function becomes one file. The tests bundle with the same options and load the result, since a bundle that dies
 * at its cold start passes every test of the template.
 *
 * CommonJS, and `import()` lowered to `require`: in an ES module on Node 22 and later, importing `node:http` loads the
 * built-in fetch too, 45 ms of a cold start (nodejs/node#57649). `module` comes first because the SDK's ES modules are
 * the ones that esbuild can drop unused parts from. `alias` leaves out what a function on Lambda never uses.
 */
export const BUNDLE = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  minify: true,
  mainFields: ['module', 'main'],
  supported: { 'dynamic-import': false },
  alias: {
    '@aws-sdk/credential-provider-node': standIn('credentials.ts'),
    '@smithy/core/event-streams': standIn('event-streams.ts'),
  },
} satisfies BuildOptions;

/** Lambda's limit, which cannot be raised. It is measured on the variables as one JSON object. */
const LIMIT_BYTES = 4096;

/**
 * What the deployed value of a `Ref` may add to the logical id it contains: the rest of a secret's ARN or of a queue's
 * URL (partition, Region, account, the stack's name if that is short) and the letters that AWS appends.
 */
const AROUND_A_LOGICAL_ID_BYTES = 90;

const Ref = z.object({ Ref: z.string() });
const Join = z.object({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.union([z.string(), Ref]))]) });
const Value = z.union([z.string(), Ref.transform((ref) => [ref]), Join.transform((join) => join['Fn::Join'][1])]);

/** Stops the synthesis, with what to do, when the deployment would fail on the size of a function's environment. */
function limitEnvironment(door: Construct, environment: Readonly<Record<string, string>>): void {
  const bytes = environmentBytes(door, environment);
  if (bytes <= LIMIT_BYTES) return;
  const message = `its environment would take ${bytes} bytes, Lambda allows ${LIMIT_BYTES}: configure fewer apps and sources in one stack and deploy another stack for the rest`;
  Annotations.of(door).addError(message);
}

/** The size at deployment in bytes. An upper estimate, since ARNs and URLs are not known before. */
export function environmentBytes(scope: Construct, environment: Readonly<Record<string, unknown>>): number {
  const deployed = Object.entries(environment).map(([name, value]) => [name, likelyValue(scope, value)]);
  return Buffer.byteLength(JSON.stringify(Object.fromEntries(deployed)));
}

const likelyValue = (scope: Construct, value: unknown): string =>
  [Value.parse(Stack.of(scope).resolve(value))]
    .flat()
    .map((part) => (typeof part === 'string' ? part : part.Ref + '.'.repeat(AROUND_A_LOGICAL_ID_BYTES)))
    .join('');

const inRepository = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const BUNDLING: BundlingOptions = {
  format: OutputFormat.CJS,
  target: BUNDLE.target,
  minify: BUNDLE.minify,
  mainFields: BUNDLE.mainFields,
  esbuildArgs: Object.fromEntries([
    ...Object.entries(BUNDLE.supported).map(([feature, is]) => [`--supported:${feature}`, `${is}`]),
    ...Object.entries(BUNDLE.alias).map(([name, file]) => [`--alias:${name}`, file]),
  ]),
  // The runtime's own AWS SDK changes without notice and loads slower than the parts we use.
  externalModules: [],
};

type DoorProps = Keeping & {
  environment: Readonly<Record<string, string>>;
  /** Everything the function may do, but for writing its own log. */
  may: PolicyStatement[];
  /** At most so many at once, and so many kept free for it in the account. None unless given. */
  concurrency?: number | undefined;
  /** Lambda stops loops of functions unless told otherwise. */
  recursiveLoop?: RecursiveLoop;
  /** Tries after one that failed, where the function is called without waiting for an answer. */
  retryAttempts?: number;
};

/** `functions/<door>.ts` as a Lambda function with its own log, its own role and nothing else in either. */
export class DoorFunction extends NodejsFunction {
  constructor(scope: Construct, door: Door, { may, removalPolicy, key, concurrency, ...props }: DoorProps) {
    const logGroup = new LogGroup(scope, `${door}-log`, {
      retention: LOG_RETENTION_DAYS,
      removalPolicy,
      ...(key && { encryptionKey: key }),
    });
    const log = allow(logGroup.logGroupArn, 'logs:CreateLogStream', 'logs:PutLogEvents');
    super(scope, door, {
      entry: inRepository(`functions/${door}.ts`),
      projectRoot: inRepository('.'),
      depsLockFilePath: inRepository('package-lock.json'),
      bundling: BUNDLING,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: MEMORY_MB[door],
      timeout: Duration.seconds(TIMEOUT_S[door]),
      ...props,
      role: roleFor(scope, door, [...may, log, ...(key ? [key.forFunctions()] : [])]),
      ...(concurrency !== undefined && { reservedConcurrentExecutions: concurrency }),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Without START, END and REPORT, three lines that every invocation would pay for.
      systemLogLevelV2: SystemLogLevel.WARN,
    });
    limitEnvironment(this, props.environment);
    Validations.of(this).acknowledge(
      {
        id: 'Serverless-LambdaDLQ',
        reason:
          'A dead letter queue of a function takes failed asynchronous invocations. These functions are called by HTTP and by queues, both synchronous, and queues have their own (infra/queue.ts, infra/mirror.ts); `sweep` is called by a clock, whose next call makes up for a failed one.',
      },
      {
        id: 'Serverless-LambdaTracing',
        reason:
          'Tracing would add a permission on every resource (X-Ray knows no narrower one) and show one box: each line in the log has the request id, the outcome and the duration of the same request.',
      },
    );
  }
}

/** The whole of what a function may do, inline: there is nothing elsewhere that could add to it. */
const roleFor = (scope: Construct, door: Door, statements: PolicyStatement[]): Role =>
  new Role(scope, `${door}-role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { may: new PolicyDocument({ statements }) },
  });

/** What Lambda does in the name of a function that a queue is fed to, and the function itself for a message that stays. */
export const RECEIVING = [
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:GetQueueAttributes',
] as const;

/** The grant helpers of the CDK allow more than a function needs, so actions are listed one by one. */
export const allow = (resources: string | string[], ...actions: string[]): PolicyStatement =>
  new PolicyStatement({ resources: [resources].flat(), actions });
