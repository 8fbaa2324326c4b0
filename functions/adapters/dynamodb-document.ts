import * as z from 'zod';
import { expiryOf } from '../core/compaction.ts';
import type { Stored } from '../core/registry-store.ts';
import type { TokenDocument } from '../core/token-document.ts';

const Registers = z.record(z.string(), z.string());

/** A token's document as the table holds it. Empty parts are left out: most items stay under 1 KB, one write unit. */
export const StoredItem = z
  .object({
    version: z.int().min(1),
    clear: Registers.default({}),
    clearFloor: z.string().default(''),
    edges: Registers.default({}),
    floor: z.string().default(''),
    ended: Registers.default({}),
  })
  .transform(({ version, ...document }): Stored => ({ version, document }));

/** The attributes of a document. `expires` (s since 1970) is when DynamoDB may delete it, at the earliest. */
export function itemOf(document: TokenDocument, version: number): Record<string, unknown> {
  const parts = Object.entries(document).filter(([, part]) =>
    typeof part === 'string' ? part !== '' : !isEmpty(part),
  );
  const expiry = expiryOf(document);
  return { version, ...Object.fromEntries(parts), ...(expiry !== undefined && { expires: Math.ceil(expiry / 1000) }) };
}

const isEmpty = (registers: object): boolean => Object.keys(registers).length === 0;
