import type { Device } from '../client/bindery.ts';
import { type Answer, retryAfterMs, type SendOne } from './send.ts';

export type FcmOptions = {
  /** The Firebase project. */
  readonly project: string;
  /** Returns an OAuth 2 access token of a service account, for the scope firebase.messaging. */
  readonly accessToken: () => Promise<string>;
  /** The content, which the app shows. */
  readonly data: Readonly<Record<string, string>>;
  /** Default: five minutes. FCM's own default is four weeks. */
  readonly ttlS?: number;
  readonly url?: string;
};

/**
 * Sends data messages with FCM's HTTP v1 API. They have no `notification`: the app compares `fence` with its own, and shows
 * the message itself.
 */
export function fcm({
  project,
  accessToken,
  data,
  ttlS = 300,
  url = 'https://fcm.googleapis.com',
}: FcmOptions): SendOne {
  return async ({ token, fence }: Device, resolvedAt) => {
    const message = { token, data: { ...data, fence }, android: { priority: 'high', ttl: `${ttlS}s` } };
    const response = await fetch(`${url}/v1/projects/${project}/messages:send`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await accessToken()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ message }),
      signal: AbortSignal.timeout(10_000),
    }).catch(() => undefined);
    if (response === undefined) return { kind: 'later' };
    const text = await response.text().catch(() => '');
    return response.ok ? { kind: 'sent' } : answerOf(response, text, resolvedAt);
  };
}

/** https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode */
function answerOf({ status, headers }: Response, text: string, resolvedAt: Date): Answer {
  const code = /"errorCode":\s*"(\w+)"/.exec(text)?.[1];
  // A 404 without the code is a wrong project or URL, not a dead token.
  if (status === 404 && code === 'UNREGISTERED') return { kind: 'gone', at: resolvedAt };
  if (status === 429 || status >= 500) return { kind: 'later', afterMs: retryAfterMs(headers.get('retry-after')) };
  return { kind: 'failed', reason: `HTTP ${status} ${code ?? ''}`.trim() };
}
