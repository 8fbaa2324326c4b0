import { AttributeType, Billing, CfnGlobalTable, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { EncryptionKey, Keeping } from './encryption.ts';
import { TABLE } from './settings.ts';

/**
 * The truth about who is bound where. Written by conditional single-item writes only, so a multi-Region strongly
 * consistent table would do as well.
 */
export class RegistryTable extends TableV2 {
  constructor(scope: Construct, id: string, { removalPolicy, key, deletionProtection }: Lasting) {
    super(scope, id, {
      partitionKey: { name: TABLE.partitionKey, type: AttributeType.STRING },
      sortKey: { name: TABLE.sortKey, type: AttributeType.STRING },
      timeToLiveAttribute: TABLE.expiry,
      // Logins come in waves that no plan of capacity foresees.
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy,
      deletionProtection,
    });
    if (key) this.#encryptWith(key);
  }

  /** By override: the construct's own way needs a Region at synthesis, and this stack goes to any. */
  #encryptWith(key: EncryptionKey): void {
    const table = this.node.defaultChild;
    if (!(table instanceof CfnGlobalTable)) throw new Error('TableV2 is no longer made of a global table');
    table.sseSpecification = { sseEnabled: true, sseType: 'KMS' };
    table.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: key.keyArn });
  }
}

type Lasting = Keeping & { deletionProtection: boolean };
