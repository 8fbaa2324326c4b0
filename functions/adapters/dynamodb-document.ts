import * as z from 'zod/mini';
import { expiryOf } from '../core/compaction.ts';
import type { Stored } from '../core/registry-store.ts';
import type { TokenDocument } from '../core/token-document.ts';

const Registers = z.record(z.string(), z.string());

/** A token's document as the table holds it. Empty parts are left out: most items stay under 1 KB, one write unit. */
export const StoredItem = z.pipe(
  z.object({
    version: z.int().check(z.gte(1)),
    clear: z._default(Registers, {}),
    clearFloor: z._default(z.string(), ''),
    edges: z._default(Registers, {}),
    floor: z._default(z.string(), ''),
    ended: z._default(Registers, {}),
  }),
  z.transform(({ version, ...document }): Stored => ({ version, document })),
);

/** The attributes of a document. `expires` (s since 1970) is when DynamoDB may delete it, at the earliest. */
export function itemOf(document: TokenDocument, version: number): Record<string, unknown> {
  const parts = Object.entries(document).filter(([, part]) =>
    typeof part === 'string' ? part !== '' : !isEmpty(part),
  );
  const expiry = expiryOf(document);
  return { version, ...Object.fromEntries(parts), ...(expiry !== undefined && { expires: Math.ceil(expiry / 1000) }) };
}

const isEmpty = (registers: object): boolean => Object.keys(registers).length === 0;
