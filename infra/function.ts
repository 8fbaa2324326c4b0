import { fileURLToPath } from 'node:url';
import { Duration, Validations } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, type RecursiveLoop, Runtime, SystemLogLevel } from 'aws-cdk-lib/aws-lambda';
import { type BundlingOptions, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { BUNDLE } from './bundling.ts';
import type { Keeping } from './encryption.ts';
import { limitEnvironment } from './environment-size.ts';
import { type Door, LOG_RETENTION_DAYS, MEMORY_MB, TIMEOUT_S } from './settings.ts';

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
          'A dead letter queue of a function takes failed asynchronous invocations. These functions are called by HTTP and by queues, both synchronous, and queues have their own (infra/operations-queue.ts, infra/mirror.ts); `sweep` is called by a clock, whose next call makes up for a failed one.',
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
