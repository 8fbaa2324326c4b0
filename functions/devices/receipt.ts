import { Buffer } from 'node:buffer';
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import * as z from 'zod/mini';
import { Account, accountKey, Token } from '../core/account.ts';
import { AppId } from '../core/configuration.ts';
import { Ms, type Operation, Session } from '../core/operation.ts';
import { readable, Unavailable } from '../core/outcome.ts';
import { eventHash, isBind, issuedIn, msOf, Stamp, stampOf } from '../core/stamp.ts';
import type { RegistryStore } from '../core/store.ts';
import { jsonIn } from '../lambda/request.ts';
import { BEHIND_MS } from './sign-in.ts';

/** One bind, as the phone that asked for it may end it. `issuedMs`: of its bearer; receipts of older versions have none. */
const Receipt = z.strictObject({
  app: AppId,
  token: Token,
  account: Account,
  stamp: Stamp,
  session: Session,
  issuedMs: z.optional(Ms),
});
export type Receipt = z.infer<typeof Receipt>;

/** No fence is made of a text that begins like this one. */
const macOf = (key: KeyObject, payload: string): string =>
  createHmac('sha256', key).update(`receipt.${payload}`).digest('base64url');

/** Returns a receipt as text: its JSON and an HMAC over it. */
export function writtenReceipt(key: KeyObject, receipt: Receipt): string {
  const payload = Buffer.from(JSON.stringify(receipt)).toString('base64url');
  return `${payload}.${macOf(key, payload)}`;
}

/** Returns the receipt in a text that one of the keys signed; undefined if there is none. */
export function receiptIn(keys: readonly KeyObject[], text: string): Receipt | undefined {
  const [, payload, mac] = /^([\w-]+)\.([\w-]{43})$/.exec(text) ?? [];
  if (payload === undefined || mac === undefined) return undefined;
  const given = Buffer.from(mac);
  const isOurs = keys.filter((key) => timingSafeEqual(Buffer.from(macOf(key, payload)), given)).length > 0;
  return isOurs ? Receipt.safeParse(jsonIn(Buffer.from(payload, 'base64url'))?.value).data : undefined;
}

/**
 * The sign-out of a receipt: removes the account at the very millisecond of its bind, and ends the session on the token. A
 * later bind of another session stays, however late or often the receipt is sent, unless `outlivedMs` is that of its bind.
 */
export const signOutOf = ({ app, token, account, stamp, session }: Receipt, outlivedMs = 0): Operation => ({
  kind: 'unbind',
  app,
  token,
  accounts: [account],
  stamp: stampOf('unbind', Math.max(msOf(stamp), outlivedMs), eventHash('sign-out', app, token, account, stamp)),
  session,
});

/**
 * The time (ms) of the account's bind on the token, if its bearer is older than that of the receipt: a late copy of a sign-in
 * that was judged while the newer one was on its way. Undefined if there is none, or if the registry cannot be read.
 */
export async function outlivedBy(
  { app, token, account, issuedMs = 0 }: Receipt,
  store: RegistryStore,
): Promise<number | undefined> {
  try {
    const [stored] = await store.documents([{ app, token }], 'strong');
    const edge = readable(stored)?.document.edges[accountKey(account)] ?? '';
    const isOlder = isBind(edge) && (issuedIn(edge) ?? issuedMs) + BEHIND_MS < issuedMs;
    return isOlder ? msOf(edge) : undefined;
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
}
