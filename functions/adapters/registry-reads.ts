import type { Reads } from './dynamodb-batch-get.ts';

/**
 * How those that apply operations read what they are about to change. Applying needs no more than `eventual`: what an old
 * read shows to be contained already has been written before, and what is written over an old version is refused. The
 * Account API stamps calls later than all that it reads, and answers questions with it: it must read what is there now.
 */
export const READS = {
  events: 'eventual',
  'account-api': 'strong',
  apply: 'eventual',
} as const satisfies Readonly<Record<string, Reads>>;
