import { Buffer } from 'node:buffer';
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { type Account, accountKey } from './account.ts';
import { eventOf, sessionIn } from './stamp.ts';
import type { TokenRef } from './store.ts';

/** A key of the fences and receipts, from any secret text. */
export const deviceKey = (text: string): KeyObject => createSecretKey(Buffer.from(text, 'utf8'));

/** Letters of a fence: 72 bits, too many to meet another bind's by chance. */
const FENCE_LETTERS = 12;

/**
 * The fence of a bind, 12 letters of base64url: the phone has it from its sign-in, a message carries it, and a message
 * whose fence is not the phone's is not shown. It is the same for all binds of one login session on a token, so that a
 * sign-in which is repeated at each launch keeps messages that are on their way. It says nothing without the key. `edge`:
 * of the account in the token's document.
 */
export function fenceOf(key: KeyObject, { app, token }: TokenRef, account: Account, edge: string): string {
  const bind = ['fence', app, token, accountKey(account), sessionIn(edge) ?? eventOf(edge)];
  return createHmac('sha256', key).update(JSON.stringify(bind)).digest('base64url').slice(0, FENCE_LETTERS);
}
