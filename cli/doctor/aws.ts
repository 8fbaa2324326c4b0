import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, GetMetricStatisticsCommand, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeResourcePoliciesCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeContinuousBackupsCommand, DescribeTimeToLiveCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  GetAccountSettingsCommand,
  GetEventSourceMappingCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import {
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import type { ClockSample } from './address.ts';
import type { DeployedFunction } from './drift.ts';
import type { Executions } from './limits.ts';
import { messagesOn } from './messages.ts';
import type { Version } from './secrets.ts';
import type { AlarmText, Mapping, TableSettings } from './service.ts';

/** The operator's own credentials and Region. Default: those of the SDK. */
export type Account = { readonly profile?: string; readonly region?: string };

type Resource = { readonly logicalId: string; readonly id: string; readonly type: string };

/** A deployed stack. */
export type Stack = {
  readonly name: string;
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly Resource[];
};

export type Facts = ReturnType<typeof factsOf>;

/** Reads facts of an AWS account. Every call only reads. Rejects with the SDK's error. */
export function factsOf(account: Account, now: () => number) {
  const clock: ClockSample[] = [];
  const cloudformation = new CloudFormationClient(account);
  // The error of a stack that does not exist has a date too, but the SDK keeps it to itself.
  cloudformation.middlewareStack.add(
    (next) => async (args) => {
      const sentMs = now();
      const result = await next(args);
      const dateMs = Date.parse(Dated.safeParse(result.response).data?.headers.date ?? '');
      if (!Number.isNaN(dateMs)) clock.push({ sentMs, receivedMs: now(), dateMs });
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  return {
    clock,
    stack: (name: string) => stackOf(cloudformation, name),
    ...lambdaFacts(new LambdaClient(account)),
    ...monitoringFacts(new CloudWatchClient(account), new CloudWatchLogsClient(account), now),
    ...storedFacts(account),
  };
}

const Dated = z.object({ headers: z.object({ date: z.string() }) });

/** Returns a stack with its resources; undefined if there is none of this name. */
async function stackOf(client: CloudFormationClient, name: string): Promise<Stack | undefined> {
  const described = await absentIf(/does not exist/, () => client.send(new DescribeStacksCommand({ StackName: name })));
  const found = described?.Stacks?.[0];
  if (found === undefined) return undefined;
  const resources: Resource[] = [];
  for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName: name }))
    for (const { LogicalResourceId = '', PhysicalResourceId = '', ResourceType = '' } of StackResourceSummaries)
      resources.push({ logicalId: LogicalResourceId, id: PhysicalResourceId, type: ResourceType });
  const outputs = (found.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]);
  return { name, status: `${found.StackStatus}`, outputs: Object.fromEntries(outputs), resources };
}

/** Returns undefined if the call fails with such an error. */
async function absentIf<T>(pattern: RegExp, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && pattern.test(`${error.name}: ${error.message}`)) return undefined;
    throw error;
  }
}

const lambdaFacts = (client: LambdaClient) => ({
  executions: async (): Promise<Executions> => {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand());
    const { ConcurrentExecutions: all = 0, UnreservedConcurrentExecutions: unreserved = 0 } = AccountLimit ?? {};
    return { all, unreserved };
  },
  deployedFunction: async (FunctionName: string): Promise<DeployedFunction> => {
    const { Environment } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const hidden = Environment?.Error?.Message;
    return hidden === undefined ? { variables: Environment?.Variables ?? {} } : { hidden };
  },
  mapping: async (UUID: string): Promise<Mapping> => {
    const found = await client.send(new GetEventSourceMappingCommand({ UUID }));
    const queue = found.EventSourceArn?.split(':').at(-1) ?? '';
    return { queue, state: `${found.State}`, most: found.ScalingConfig?.MaximumConcurrency };
  },
});

/** The oldest message is looked for in this time before now (ms). */
const RECENTLY_MS = 600_000;

const monitoringFacts = (cloudwatch: CloudWatchClient, logs: CloudWatchLogsClient, now: () => number) => ({
  alarmsOn: async (stack: string): Promise<AlarmText[]> => {
    const alarms: AlarmText[] = [];
    const on = { StateValue: 'ALARM', AlarmNamePrefix: `${stack}-` } as const;
    for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client: cloudwatch }, on))
      for (const { AlarmName: name = '', AlarmDescription: text = '' } of MetricAlarms) alarms.push({ name, text });
    return alarms;
  },
  /** Returns the age of the oldest message (s); undefined if CloudWatch has no value, as of a queue that is idle. */
  oldestS: async (queue: string): Promise<number | undefined> => {
    const { Datapoints = [] } = await cloudwatch.send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateAgeOfOldestMessage',
        Dimensions: [{ Name: 'QueueName', Value: queue }],
        StartTime: new Date(now() - RECENTLY_MS),
        EndTime: new Date(now()),
        Period: 60,
        Statistics: ['Maximum'],
      }),
    );
    const times = Datapoints.flatMap(({ Timestamp, Maximum }) => (Timestamp ? { ms: +Timestamp, Maximum } : []));
    return times.toSorted((a, b) => b.ms - a.ms)[0]?.Maximum;
  },
  logPolicies: async (): Promise<string[]> => {
    const { resourcePolicies = [] } = await logs.send(new DescribeResourcePoliciesCommand({}));
    return resourcePolicies.map(({ policyName }) => `${policyName}`);
  },
});

function storedFacts(account: Account) {
  const secrets = new SecretsManagerClient(account);
  const dynamodb = new DynamoDBClient(account);
  const [sqs, ssm] = [new SQSClient(account), new SSMClient(account)];
  return {
    /** Returns the newest text of a secret; undefined if it has no value. */
    secretText: async (SecretId: string): Promise<string | undefined> => {
      const newest = new GetSecretValueCommand({ SecretId });
      return (await absentIf(/ResourceNotFound/, () => secrets.send(newest)))?.SecretString;
    },
    secretVersions: async (SecretId: string): Promise<Version[]> => {
      const { Versions = [] } = await secrets.send(new ListSecretVersionIdsCommand({ SecretId }));
      return Versions.map(({ VersionStages = [], CreatedDate }) => ({
        labels: VersionStages,
        createdMs: Number(CreatedDate),
      }));
    },
    messages: async (QueueUrl: string): Promise<number> => messagesOn(sqs, QueueUrl),
    table: async (TableName: string): Promise<TableSettings> => {
      const [{ TimeToLiveDescription: expiry }, { ContinuousBackupsDescription: backups }] = await Promise.all([
        dynamodb.send(new DescribeTimeToLiveCommand({ TableName })),
        dynamodb.send(new DescribeContinuousBackupsCommand({ TableName })),
      ]);
      return {
        expiry: expiry?.TimeToLiveStatus?.startsWith('ENABL') ? expiry.AttributeName : undefined,
        isBackedUp: backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED',
      };
    },
    /** Returns the version of the CDK's bootstrap stack; undefined if there is none. */
    bootstrap: async (): Promise<number | undefined> => {
      const command = new GetParameterCommand({ Name: '/cdk-bootstrap/hnb659fds/version' });
      const found = await absentIf(/ParameterNotFound/, () => ssm.send(command));
      return found === undefined ? undefined : Number(found.Parameter?.Value);
    },
  };
}
