import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { RegistryPorts } from '../core/registry.ts';
import { TABLE_CLIENT } from './aws.ts';
import type { Reads, Table } from './dynamodb-batch-get.ts';
import { dynamodbRegistryStore } from './dynamodb-registry-store.ts';

export const tableNamed = (name: string): Table => ({ client: new DynamoDBClient(TABLE_CLIENT), name });

/** The registry in the named table, with this machine's clock and chance. */
export function registryIn(tableName: string, reads: Reads = 'strong'): RegistryPorts {
  return {
    store: dynamodbRegistryStore(tableNamed(tableName), reads),
    now: Date.now,
    // Full jitter: writers that lost a race to the same token do not meet again.
    pause: (attempt) => setTimeout(Math.random() * Math.min(200, 5 * 2 ** attempt)),
  };
}
