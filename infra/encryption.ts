import { ArnFormat, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/**
 * Properties of every resource that holds data: its fate when the stack is deleted, the key it is encrypted with, how long
 * logs stay, and ARNs of other keys that functions may use.
 */
export type StorageProps = {
  readonly removalPolicy: RemovalPolicy;
  readonly key: EncryptionKey | undefined;
  readonly logRetentionDays: RetentionDays;
  readonly keyArns: readonly string[];
};

/** The services through which a function reaches the key. It cannot use the key directly. */
const SERVICES = ['dynamodb', 'secretsmanager', 'sqs'];

/**
 * The prefix of an access log's name. Each other log of an HTTP API adds to a resource policy of the account, and AWS
 * refuses the API once that has 5,120 characters.
 */
export const ACCESS_LOGS = '/aws/vendedlogs/';

/** The key of queues, table, secrets and logs. AWS renews its material every year and can still decrypt older data. */
export class EncryptionKey extends Key {
  constructor(scope: Construct, id: string, { removalPolicy }: { removalPolicy: RemovalPolicy }) {
    super(scope, id, { description: 'Bindery, all stored data', enableKeyRotation: true, removalPolicy });
    this.#allowLogs();
  }

  /** CloudWatch needs the key to publish to an encrypted topic (infra/monitoring/alarms.ts). */
  allowAlarms(): void {
    this.#allow('cloudwatch.amazonaws.com');
  }

  /** EventBridge needs the key to send to the encrypted queue of a source (infra/intake.ts). */
  allowRules(): void {
    this.#allow('events.amazonaws.com');
  }

  #allow(service: string): void {
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(service)],
        resources: ['*'], // in a key's policy: this key
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }

  /**
   * Allows the log groups of this stack by prefix, as CloudFormation and the access log (infra/front.ts) name them. Their
   * ARNs would need them before the key.
   */
  #allowLogs(): void {
    const stack = Stack.of(this);
    const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
    const groups = [`${stack.stackName}-*`, `${ACCESS_LOGS}${stack.stackName}-*`].map((resourceName) =>
      stack.formatArn({ service: 'logs', resource: 'log-group', resourceName, arnFormat }),
    );
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
        resources: ['*'], // in a key's policy: this key
        actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*', 'kms:DescribeKey'],
        conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': groups } },
      }),
    );
  }
}

/**
 * Returns the permissions that a function needs to use the table, the queues and the secrets under keys of the account. For
 * a table, AWS documents these actions and some that make grants ("DynamoDB encryption at rest", "Authorizing use of your
 * KMS key"). Functions do not get those: the deployment makes the grants. Queues and secrets need two of these actions.
 */
export function keyPermissions(
  scope: Construct,
  { key, keyArns }: Pick<StorageProps, 'key' | 'keyArns'>,
): PolicyStatement[] {
  const resources = [...(key ? [key.keyArn] : []), ...keyArns];
  if (resources.length === 0) return [];
  const { region, urlSuffix } = Stack.of(scope);
  return [
    new PolicyStatement({
      resources,
      actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'],
      conditions: { StringEquals: { 'kms:ViaService': SERVICES.map((name) => `${name}.${region}.${urlSuffix}`) } },
    }),
  ];
}
