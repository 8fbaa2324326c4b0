import { describe } from 'vitest';
import { memoryMirrorStore } from '../../functions/adapters/memory-mirror-store.ts';
import { memoryRegistryIn, memoryTable } from '../../functions/adapters/memory-registry-store.ts';
import { memorySweepStore } from '../../functions/adapters/memory-sweep-store.ts';
import type { StoredState } from '../../functions/core/mirror-store.ts';
import { sweepStoreContract } from './sweep-store-contract.ts';

describe('memory sweep store', () =>
  sweepStoreContract(async (pageItems) => {
    const table = memoryTable();
    const states = new Map<string, StoredState>();
    return {
      registry: memoryRegistryIn(table),
      states: memoryMirrorStore(states),
      store: memorySweepStore(table, states, pageItems),
    };
  }));
