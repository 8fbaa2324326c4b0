import { afterAll, describe } from 'vitest';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { registryStoreContract } from './registry-store-contract.ts';
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
