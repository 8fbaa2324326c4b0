import { ArnFormat, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/** `aws`: keys that AWS owns, at no cost. `kms`: one key of the account for all stored data. */
export const ENCRYPTIONS = ['aws', 'kms'] as const;
export type Encryption = (typeof ENCRYPTIONS)[number];

/** Properties of every resource that holds data: its fate when the stack is deleted, and the key it is encrypted with. */
export type StorageProps = { readonly removalPolicy: RemovalPolicy; readonly key: EncryptionKey | undefined };

/** The services through which a function reaches the key. It cannot use the key directly. */
const SERVICES = ['dynamodb', 'secretsmanager', 'sqs'];

/** The key of queues, table, secrets and logs. AWS renews its material every year and can still decrypt older data. */
export class EncryptionKey extends Key {
  constructor(scope: Construct, id: string, { removalPolicy }: { removalPolicy: RemovalPolicy }) {
    super(scope, id, { description: 'Bindery, all stored data', enableKeyRotation: true, removalPolicy });
    this.#allowLogs();
  }

  /**
   * The permission that a function needs to use the table, the queues and the secrets. For a table, AWS documents these
   * actions and some that make grants ("DynamoDB encryption at rest", "Authorizing use of your KMS key"). Functions do not
   * get those: the deployment makes the grants. Queues and secrets need two of these actions.
   */
  forFunctions(): PolicyStatement {
    const { region, urlSuffix } = Stack.of(this);
    return new PolicyStatement({
      resources: [this.keyArn],
      actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'],
      conditions: { StringEquals: { 'kms:ViaService': SERVICES.map((name) => `${name}.${region}.${urlSuffix}`) } },
    });
  }

  /** CloudWatch needs the key to publish to an encrypted topic (infra/monitoring/alarms.ts). */
  allowAlarms(): void {
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        resources: ['*'], // in a key's policy: this key
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }

  /** Allows the log groups of this stack by prefix, as CloudFormation names them. Their ARNs would need them before the key. */
  #allowLogs(): void {
    const stack = Stack.of(this);
    const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
    const groups = stack.formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: `${stack.stackName}-*`,
      arnFormat,
    });
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
