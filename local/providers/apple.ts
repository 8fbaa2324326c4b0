import { randomUUID } from 'node:crypto';
import { issuerOptionsOf, signedToken } from './oidc-backchannel-logout.ts';
import type { Provider, Sample } from './provider.ts';

const { issuer: iss, audience } = issuerOptionsOf({});

/** https://developer.apple.com/forums/thread/655485 */
const event = (type: string, members: object) => (sample: Sample) => {
  const iat = Math.floor(sample.now.getTime() / 1000);
  const events = JSON.stringify({ type, sub: sample.account, event_time: sample.now.getTime(), ...members });
  return { iss, aud: audience[0], exp: iat + 86_400, iat, jti: randomUUID(), events };
};

const EMAIL = { email: 'abc@privaterelay.appleid.com', is_private_email: 'true' };

export const apple: Provider = {
  options: issuerOptionsOf,
  events: {
    'consent-revoked': event('consent-revoked', {}),
    'account-deleted': event('account-deleted', {}),
    'account-delete': event('account-delete', {}),
    'email-disabled': event('email-disabled', EMAIL),
    'email-enabled': event('email-enabled', EMAIL),
  },
  request: async (payload, sender) => ({
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ payload: await signedToken(payload, 'JWT', sender) }),
  }),
};
