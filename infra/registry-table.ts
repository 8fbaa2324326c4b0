import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, CfnGlobalTable, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { EncryptionKey, StorageProps } from './encryption.ts';
import { TABLE } from './settings.ts';
import type { Stage } from './stages.ts';

type RegistryTableProps = StorageProps & {
  /** Default: AWS's own. */
  warmThroughput?: Stage['warmThroughput'];
  /** Default: true. */
  pointInTimeRecovery?: boolean;
};

/**
 * The table of all bindings. Functions change it by conditional writes of single items only, so a multi-Region strongly
 * consistent table would also work.
 */
export class RegistryTable extends TableV2 {
  constructor(scope: Construct, id: string, { removalPolicy, key, ...props }: RegistryTableProps) {
    const { warmThroughput: warm, pointInTimeRecovery: pointInTimeRecoveryEnabled = true } = props;
    super(scope, id, {
      partitionKey: { name: TABLE.partitionKey, type: AttributeType.STRING },
      sortKey: { name: TABLE.sortKey, type: AttributeType.STRING },
      timeToLiveAttribute: TABLE.expiry,
      // Logins come in waves that provisioned capacity cannot follow.
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled },
      removalPolicy,
      deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
      ...(warm && { warmThroughput: { readUnitsPerSecond: warm.reads, writeUnitsPerSecond: warm.writes } }),
    });
    if (key) this.#encryptWith(key);
  }

  /** By override: the construct's own property needs a Region at synthesis, and this stack deploys to any. */
  #encryptWith(key: EncryptionKey): void {
    const table = this.node.defaultChild;
    if (!(table instanceof CfnGlobalTable)) throw new Error('bug: TableV2 no longer contains a CfnGlobalTable');
    table.sseSpecification = { sseEnabled: true, sseType: 'KMS' };
    table.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: key.keyArn });
  }
}
