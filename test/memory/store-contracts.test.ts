import { describe } from 'vitest';
import type { TokenRef } from '../../functions/core/store.ts';
import type { StoredState } from '../../functions/mirror/state.ts';
import { registryStoreContract } from '../aws/registry-store-contract.ts';
import { sweepStoreContract } from '../aws/sweep-store-contract.ts';
import { memoryMirrorStore } from './mirror-store.ts';
import { memoryRegistryIn, memoryTable, tokenKey } from './registry-store.ts';
import { memorySweepStore } from './sweep-store.ts';

describe('memory registry store', () =>
  registryStoreContract(async () => {
    const table = memoryTable();
    const spoil = async (ref: TokenRef) => void table.unreadable.add(tokenKey(ref));
    return { store: memoryRegistryIn(table), spoil };
  }));

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
