import * as z from 'zod/mini';
// `z.core.$ZodError` would have esbuild bundle all of the core and every locale: 650 KB in place of 272.
import { $ZodError } from 'zod/v4/core';
import type { SweptItem } from '../core/sweep-store.ts';
import { StoredItem } from './dynamodb-document.ts';
import { storedIn } from './dynamodb-mirror-store.ts';
import { accountRefOf, POINTER, tokenOf, tokenRefOf } from './registry-keys.ts';

const Keyed = z.object({ pk: z.string(), sk: z.string() });
const PointerItem = z.object({ edge: z.string() });

/** The mark of an idle watermark names the removal it is of: one that has risen since is not idle. */
const ClearItem = z.pipe(
  z.object({ removal: z.string(), idle: z.optional(z.object({ removal: z.string(), ms: z.int() })) }),
  z.transform(({ removal, idle }) => ({ removal, ...(idle?.removal === removal && { idleMs: idle.ms }) })),
);

/** What an item of the table is. One that another version wrote, or somebody by hand, is left alone. */
export function sweptItem(item: Record<string, unknown>): SweptItem {
  try {
    return readItem(item);
  } catch (error) {
    if (error instanceof $ZodError) return { kind: 'unreadable' };
    throw error;
  }
}

function readItem(item: Record<string, unknown>): SweptItem {
  const { pk, sk } = Keyed.parse(item);
  const kind = `${pk.slice(0, 2)}${sk.slice(0, POINTER.length)}`;
  if (kind === 'T#D') return { kind: 'document', ref: tokenRefOf(pk), stored: StoredItem.parse(item) };
  if (kind === 'T#M') return { kind: 'state', ref: tokenRefOf(pk), stored: storedIn(item) };
  if (kind === `A#${POINTER}`)
    return { kind: 'pointer', ref: accountRefOf(pk), token: tokenOf(sk), ...PointerItem.parse(item) };
  if (pk.startsWith('A#') && sk === '#CLEAR') return { kind: 'clear', ref: accountRefOf(pk), ...ClearItem.parse(item) };
  return { kind: 'unreadable' };
}
