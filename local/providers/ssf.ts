import { randomUUID } from 'node:crypto';
import { issuerOptionsOf, signedToken } from './oidc-backchannel-logout.ts';
import type { Provider, Sample } from './provider.ts';

const { issuer: iss, audience: aud } = issuerOptionsOf({});

const user = ({ account: sub }: Sample) => ({ format: 'iss_sub', iss, sub });

type Family = 'caep' | 'risc' | 'oauth' | 'ssf';

/** https://openid.net/specs/openid-caep-1_0-final.html, https://openid.net/specs/openid-risc-1_0-final.html */
const set = (family: Family, type: string, members: object, sub_id: (sample: Sample) => object = user) => {
  const uri = `https://schemas.openid.net/secevent/${family}/event-type/${type}`;
  return (sample: Sample) => {
    const iat = Math.floor(sample.now.getTime() / 1000);
    const [jti, txn] = [randomUUID(), randomUUID()];
    const events = { [uri]: { ...members, ...(family === 'caep' && { event_timestamp: iat }) } };
    return { iss, aud, iat, jti, txn, sub_id: sub_id(sample), events };
  };
};

const sessionOf = (sample: Sample) => ({
  format: 'complex',
  user: user(sample),
  session: { format: 'opaque', id: sample.session },
});

const password = (change_type: string) => ({ credential_type: 'password', change_type, initiating_entity: 'user' });

export const ssf: Provider = {
  options: issuerOptionsOf,
  events: {
    'session-revoked of a session': set('caep', 'session-revoked', { initiating_entity: 'user' }, sessionOf),
    'session-revoked of a user': set('caep', 'session-revoked', { initiating_entity: 'admin' }),
    'credential-change of a password': set('caep', 'credential-change', password('update')),
    'account-disabled': set('risc', 'account-disabled', { reason: 'hijacking' }),
    'account-purged': set('risc', 'account-purged', {}),
    'account-credential-change-required': set('risc', 'account-credential-change-required', {}),
    'credential-compromise': set('risc', 'credential-compromise', { credential_type: 'password' }),
    'identifier-changed': set('risc', 'identifier-changed', { 'new-value': 'john.roe@example.com' }),
    'identifier-recycled': set('risc', 'identifier-recycled', {}),
    'sessions-revoked': set('risc', 'sessions-revoked', {}),
    'tokens-revoked': set('oauth', 'tokens-revoked', {}),
    'account-enabled': set('risc', 'account-enabled', {}),
    'token-claims-change': set('caep', 'token-claims-change', { claims: { role: 'ro-admin' } }),
    verification: set('ssf', 'verification', { state: 'VGhpcyBpcyBhbiBleGFtcGxl' }, () => ({
      format: 'opaque',
      id: 'stream-1',
    })),
  },
  request: async (payload, sender) => ({
    headers: { 'content-type': 'application/secevent+jwt', accept: 'application/json' },
    body: await signedToken(payload, 'secevent+jwt', sender),
  }),
};
