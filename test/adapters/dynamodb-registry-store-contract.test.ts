import { afterAll, describe } from 'vitest';
import { dynamodbRegistryStore } from '../../functions/adapters/dynamodb-registry-store.ts';
import { type EmbeddedTable, embeddedTable } from './embedded-table.ts';
import { registryStoreContract } from './registry-store-contract.ts';

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
