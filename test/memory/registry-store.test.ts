import { describe } from 'vitest';
import { registryStoreContract } from '../aws/registry-store-contract.ts';
import { memoryRegistryStore } from './registry-store.ts';

describe('memory registry store', () => registryStoreContract(async () => memoryRegistryStore()));
