import { ArnFormat, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/** `aws`: keys that AWS owns, at no cost. `kms`: one key of the account's own for all that is kept. */
export const ENCRYPTIONS = ['aws', 'kms'] as const;
export type Encryption = (typeof ENCRYPTIONS)[number];

/** How things that hold data are kept: what becomes of them when the stack goes, and under which key. */
export type Keeping = { readonly removalPolicy: RemovalPolicy; readonly key: EncryptionKey | undefined };

/** The services through which a function reaches the key. It cannot use the key directly. */
const SERVICES = ['dynamodb', 'secretsmanager', 'sqs'];

/** The key of queues, table, secrets and logs. AWS renews its material every year; what is encrypted stays readable. */
export class EncryptionKey extends Key {
  constructor(scope: Construct, id: string, { removalPolicy }: { removalPolicy: RemovalPolicy }) {
    super(scope, id, { description: 'Bindery, all that is kept', enableKeyRotation: true, removalPolicy });
    this.#letLogsUseIt();
  }

  /**
   * What a function needs to use the table, the queues and the secrets: the actions that AWS names for principals of an
   * encrypted table ("DynamoDB encryption at rest", "Authorizing use of your KMS key") without those that make grants,
   * which is the deployment's business. Queues and secrets need two of them.
   */
  forFunctions(): PolicyStatement {
    const { region, urlSuffix } = Stack.of(this);
    return new PolicyStatement({
      resources: [this.keyArn],
      actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'],
      conditions: { StringEquals: { 'kms:ViaService': SERVICES.map((name) => `${name}.${region}.${urlSuffix}`) } },
    });
  }

  /** CloudWatch publishes to an encrypted topic only if it may use the key (infra/monitoring/alarms.ts). */
  letAlarmsUseIt(): void {
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        resources: ['*'], // in a key's policy: this key
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }

  /** Log groups of this stack only: CloudFormation names them after it. Naming each would need them before the key. */
  #letLogsUseIt(): void {
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
