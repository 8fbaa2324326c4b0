import * as z from 'zod/mini';
import { issuerOptions } from '../../core/identity.ts';
import { keySetOf } from '../../jwt/keys.ts';
import { verified } from '../../jwt/verify.ts';
import { jsonIn } from '../../lambda/request.ts';
import { effectIn, msAt, secondsAt, textAt } from '../fields.ts';
import { type Fact, sourceKind } from '../source.ts';

/** The documents have `account-deleted`, and `account-delete` was seen. */
const EFFECTS = {
  'consent-revoked': 'signed out everywhere',
  'account-deleted': 'signed out everywhere',
  'account-delete': 'signed out everywhere',
} as const;

/** Sign in with Apple (https://developer.apple.com/documentation/signinwithapple), server-to-server notifications. */
export const kind = sourceKind({
  credential: 'published',
  options: z.strictObject({
    ...issuerOptions,
    issuer: z._default(issuerOptions.issuer, 'https://appleid.apple.com'),
    jwks: z._default(issuerOptions.jwks, 'https://appleid.apple.com/auth/keys'),
  }),
  accounts: ['sub'],
  effects: EFFECTS,
  receiver: (options, { account, ...ports }) => {
    const keys = keySetOf(options, ports);
    return async ({ body }, { nowMs }) => {
      const json = jsonIn(body);
      if (json === undefined) return { refused: 'not_json' };
      const token = textAt(json.value, 'payload') ?? '';
      const read = await verified(token, keys, { ...options, nowMs, isHistory: true });
      if ('fault' in read) return { refused: 'not_signed', fault: `the token ${read.fault}` };
      return { facts: eventsIn(read.claims).map((event) => factOf(event, read.claims, account)) };
    };
  },
  // Apple wants 200, and sends again after any other.
  reply: (ours) => (ours.status < 300 ? { ...ours, status: 200, body: undefined } : ours),
});

/** The claim is JSON in a text with one event. */
function eventsIn(claims: object): readonly unknown[] {
  const events: unknown = Reflect.get(claims, 'events');
  const value = typeof events === 'string' ? jsonIn(events)?.value : events;
  return Array.isArray(value) ? value : [value];
}

/** Milliseconds were seen. As seconds they would be too late for any time, so seconds are taken too. */
function factOf(event: unknown, claims: object, account: string): Fact {
  const what = effectIn(EFFECTS, textAt(event, 'type'));
  if (what === undefined) return { nothing: 'other_type' };
  const time = secondsAt(event, 'event_time') ?? msAt(event, 'event_time');
  const at = time ?? secondsAt(claims, 'iat') ?? ('arrival' as const);
  return { id: textAt(claims, 'jti') ?? '', at, what, account: textAt(event, account) };
}
