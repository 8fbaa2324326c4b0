import { describe } from 'vitest';
import { memoryRegistryStore } from '../../functions/adapters/memory-registry-store.ts';
import { registryStoreContract } from './registry-store-contract.ts';

describe('memory registry store', () => registryStoreContract(async () => memoryRegistryStore()));
