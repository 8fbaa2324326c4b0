import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { CompactSign, importJWK } from 'jose';
import type { Provider, Sample, Sender } from './provider.ts';

/** An issuer of logout tokens on this machine. */
const ISSUER = 'https://issuer.bindery.invalid/';
const AUDIENCE = 'bindery';

const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} };

/** A JWT of the local issuer. */
export async function signedToken(payload: unknown, type: string, { privateJwk }: Sender): Promise<string> {
  const header = { alg: 'ES256', kid: 'local', typ: type };
  const bytes = Buffer.from(`${JSON.stringify(payload)}`);
  return new CompactSign(bytes).setProtectedHeader(header).sign(await importJWK(privateJwk, 'ES256'));
}

export const issuerOptionsOf = (publicJwk: object) => ({
  issuer: ISSUER,
  audience: [AUDIENCE],
  jwks: { keys: [{ ...publicJwk, kid: 'local' }] },
});

const token = ({ now }: Sample, names: object) => {
  const iat = Math.floor(now.getTime() / 1000);
  return { iss: ISSUER, aud: AUDIENCE, iat, exp: iat + 120, jti: randomUUID(), events: EVENTS, ...names };
};

export const oidcBackchannelLogout: Provider = {
  options: issuerOptionsOf,
  events: {
    'with sid': (sample) => token(sample, { sub: sample.account, sid: sample.session }),
    'with sub only': (sample) => token(sample, { sub: sample.account }),
  },
  request: async (payload, sender) => ({
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `${new URLSearchParams({ logout_token: await signedToken(payload, 'logout+jwt', sender) })}`,
  }),
};
