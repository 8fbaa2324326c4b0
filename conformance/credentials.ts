import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';

export type Authentication = 'basic' | 'sign';
export type Credential = { readonly app: string; readonly secret: string; readonly authentication: Authentication };

/** The distance of a signature's time from now (ms). Default: 0. */
type Skew = { readonly skewMs?: number };

/**
 * Returns the headers that authenticate `body`. Written from the documents and not with the code under test, because that
 * would repeat its mistakes.
 *
 * - Basic: base64 of `app:secret` (XG REST overview; TPNS "Basic Auth").
 * - Sign: base64 of the lower-case hexadecimal HMAC-SHA256 of TimeStamp, AccessId and body (TPNS "Signature").
 */
export function headersOf({ app, secret, authentication, skewMs = 0 }: Credential & Skew, body: string) {
  if (authentication === 'basic')
    return { authorization: `Basic ${Buffer.from(`${app}:${secret}`).toString('base64')}` };
  const timestamp = String(Math.floor((Date.now() + skewMs) / 1000));
  const digest = createHmac('sha256', secret).update(`${timestamp}${app}${body}`).digest('hex');
  return { AccessId: app, TimeStamp: timestamp, Sign: Buffer.from(digest).toString('base64') };
}
