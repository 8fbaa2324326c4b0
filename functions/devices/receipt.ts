import { Buffer } from 'node:buffer';
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import * as z from 'zod/mini';
import { Account, Token } from '../core/account.ts';
import { AppId } from '../core/configuration.ts';
import { type Operation, Session } from '../core/operation.ts';
import { eventHash, msOf, Stamp, stampOf } from '../core/stamp.ts';
import { jsonIn } from '../lambda/request.ts';

/** One bind, as the phone that asked for it may end it. */
const Receipt = z.strictObject({ app: AppId, token: Token, account: Account, stamp: Stamp, session: Session });
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
 * bind of another session that came later stays, however late or often the receipt is sent.
 */
export const signOutOf = ({ app, token, account, stamp, session }: Receipt): Operation => ({
  kind: 'unbind',
  app,
  token,
  accounts: [account],
  stamp: stampOf('unbind', msOf(stamp), eventHash('sign-out', app, token, account, stamp)),
  session,
});
