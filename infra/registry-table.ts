import type { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { TABLE } from './settings.ts';

/**
 * The truth about who is bound where. Written by conditional single-item writes only, so a multi-Region strongly
 * consistent table would do as well.
 */
export class RegistryTable extends TableV2 {
  constructor(scope: Construct, id: string, { removalPolicy, deletionProtection }: Lasting) {
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
  }
}

type Lasting = { removalPolicy: RemovalPolicy; deletionProtection: boolean };
