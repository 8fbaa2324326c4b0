import { describe } from 'vitest';
import type { StoredState } from '../../functions/mirror/state.ts';
import { registryStoreContract } from '../aws/registry-store-contract.ts';
import { sweepStoreContract } from '../aws/sweep-store-contract.ts';
import { memoryMirrorStore } from './mirror-store.ts';
import { memoryRegistryIn, memoryRegistryStore, memoryTable } from './registry-store.ts';
import { memorySweepStore } from './sweep-store.ts';

describe('memory registry store', () => registryStoreContract(async () => memoryRegistryStore()));

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
