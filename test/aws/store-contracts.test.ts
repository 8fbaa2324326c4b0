import { afterAll, describe } from 'vitest';
import { dynamodbMirrorStore } from '../../functions/aws/mirror-store.ts';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { dynamodbSweepStore } from '../../functions/aws/sweep-store.ts';
import { registryStoreContract } from './registry-store-contract.ts';
import { sweepStoreContract } from './sweep-store-contract.ts';
import { type EmbeddedTable, embeddedTable } from './table.ts';

const tables: EmbeddedTable[] = [];
afterAll(async () => {
  await Promise.all(tables.map((table) => table.stop()));
});

describe('DynamoDB registry store', () =>
  registryStoreContract(async () => {
    const table = await embeddedTable();
    tables.push(table);
    return dynamodbRegistryStore(table);
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
