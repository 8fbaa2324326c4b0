import { randomUUID } from 'node:crypto';
import { importJWK, type JWTPayload, SignJWT } from 'jose';
import { DEVELOPMENT, type PrivateJwk } from '../local/identity.ts';
import { UserError } from '../local/user-error.ts';
import { command } from './command.ts';
import { localInstance, PORT_OPTION } from './target.ts';

/** Returns a time in milliseconds since 1970. */
function timeIn(text: string | undefined): number {
  const ms = text === undefined ? Date.now() : Date.parse(text);
  if (Number.isNaN(ms)) throw new UserError(`--issued-at ${text}: is not a time in ISO 8601`);
  return ms;
}

function secondsIn(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new UserError(`--expires-in ${text}: is not a number of seconds`);
}

/** Signs claims with the key of an identity provider. */
export const bearerOf = async (privateJwk: PrivateJwk, claims: JWTPayload): Promise<string> => {
  const { alg, kid } = privateJwk;
  return new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(await importJWK(privateJwk));
};

export const token = command({
  name: 'token',
  usage: 'bindery token --account A [options]',
  about: 'Prints a bearer of the development identity provider, which phones sign in with at the local instance.',
  options: {
    account: { value: 'A', help: 'the account, claim sub' },
    session: { value: 'S', help: 'id of the login session, claim sid. Default: random' },
    'issued-at': { value: 'TIME', help: 'time of issue, ISO 8601, claim iat. Default: now' },
    'expires-in': { value: 'N', default: '3600', help: 'seconds from then until it expires, claim exp' },
    ...PORT_OPTION,
    json: { help: 'print the bearer and its claims as one line of JSON' },
  },
  examples: ['bindery token --account alice', 'bindery token --account alice --session s1 --expires-in 60 --json'],
  run: async ({ values }, terminal) => {
    const { account, session } = values;
    if (!account) throw new UserError('give an account with --account');
    const issuedS = timeIn(values['issued-at']) / 1000;
    const lifetimeS = secondsIn(values['expires-in']);
    const { identities } = localInstance(values, terminal);
    const identity = identities.find(({ id }) => id === DEVELOPMENT.id);
    if (identity === undefined) throw new UserError('that instance is of an older version: start it again');
    const { issuer, audience, privateJwk } = identity;
    const names = { iss: issuer, aud: audience, sub: account, sid: session ?? randomUUID(), jti: randomUUID() };
    const claims = { ...names, iat: issuedS, exp: issuedS + lifetimeS };
    const bearer = await bearerOf(privateJwk, claims);
    terminal.print(values.json ? JSON.stringify({ bearer, claims }) : bearer);
    return 0;
  },
});
