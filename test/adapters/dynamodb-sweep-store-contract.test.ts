import { afterAll, describe } from 'vitest';
import { dynamodbMirrorStore } from '../../functions/adapters/dynamodb-mirror-store.ts';
import { dynamodbRegistryStore } from '../../functions/adapters/dynamodb-registry-store.ts';
import { dynamodbSweepStore } from '../../functions/adapters/dynamodb-sweep-store.ts';
import { type EmbeddedTable, embeddedTable } from './embedded-table.ts';
import { sweepStoreContract } from './sweep-store-contract.ts';

const tables: EmbeddedTable[] = [];
afterAll(async () => {
  await Promise.all(tables.map((table) => table.stop()));
});

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
