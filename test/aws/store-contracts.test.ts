import { afterAll, describe } from 'vitest';
import { documentKey } from '../../functions/aws/dynamodb.ts';
import { dynamodbMirrorStore } from '../../functions/aws/mirror-store.ts';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { dynamodbSweepStore } from '../../functions/aws/sweep-store.ts';
import type { TokenRef } from '../../functions/core/store.ts';
import { registryStoreContract } from './registry-store-contract.ts';
import { sweepStoreContract } from './sweep-store-contract.ts';
import { type EmbeddedTable, embeddedTable, put } from './table.ts';

const tables: EmbeddedTable[] = [];
afterAll(async () => {
  await Promise.all(tables.map((table) => table.stop()));
});

describe('DynamoDB registry store', () =>
  registryStoreContract(async () => {
    const table = await embeddedTable();
    tables.push(table);
    const spoil = (ref: TokenRef) => put(table, { ...documentKey(ref), version: 1, edges: { '0#alice': 1 } });
    return { store: dynamodbRegistryStore(table), spoil };
  }));

describe('DynamoDB sweep store', () =>
  sweepStoreContract(async (pageItems) => {
    const table = await embeddedTable();
    tables.push(table);
    return {
      registry: dynamodbRegistryStore(table),
      states: dynamodbMirrorStore(table),
      store: dynamodbSweepStore(table, pageItems),
    };
  }));
