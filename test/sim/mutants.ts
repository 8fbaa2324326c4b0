import { DOOR_MUTANTS } from './door-mutants.ts';
import { HISTORY_MUTANTS } from './history-mutants.ts';
import { MIRROR_MUTANTS } from './mirror/mutants.ts';
import type { Hunt } from './patches.ts';
import { PHONES_MUTANTS } from './phones/mutants.ts';
import { REGISTER_MUTANTS } from './register-mutants.ts';
import { STORE_MUTANTS } from './store-mutants.ts';

/**
 * Faults that were met while this was designed, or that a hurried change could bring back. Each is switched on alone,
 * and each has to be noticed: what finds no mutant finds no bug.
 */
export const MUTANTS: readonly Hunt[] = [
  ...REGISTER_MUTANTS,
  ...STORE_MUTANTS,
  ...DOOR_MUTANTS,
  ...HISTORY_MUTANTS,
  ...MIRROR_MUTANTS,
  ...PHONES_MUTANTS,
];
