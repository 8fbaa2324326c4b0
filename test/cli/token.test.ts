import { createLocalJWKSet, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { token } from '../../cli/token.ts';
import { Instance, writeInstance } from '../../local/description.ts';
import { newPrivateJwk } from '../../local/identity.ts';
import { temporaryFolder } from '../local/instance.ts';
import { run } from './run.ts';

const { d, ...publicJwk } = newPrivateJwk();
const identity = { id: 'development', issuer: 'https://idp.test', audience: 'shop', privateJwk: { ...publicJwk, d } };
const at = { url: 'http://127.0.0.1:1', apps: [], sources: [], sqs: '', dynamodb: '' };

/** Runs the command beside an instance. */
async function tokenWith(args: readonly string[], identities: readonly object[] = [identity]) {
  const folder = temporaryFolder();
  writeInstance(Instance.parse({ ...at, identities }), folder);
  return run(token, args, { folder });
}

/** Returns the claims of a bearer that the public key verifies. */
async function claimsOf(bearer: string) {
  const keys = createLocalJWKSet({ keys: [publicJwk] });
  const { issuer, audience } = identity;
  return (await jwtVerify(bearer.trim(), keys, { issuer, audience, algorithms: ['ES256'] })).payload;
}

test('`token` prints a bearer that the key of the instance signed, with a session of its own and an hour to live', async () => {
  const [one, other] = [await tokenWith(['--account', 'alice']), await tokenWith(['--account', 'alice'])];
  const claims = await claimsOf(one.out);
  expect(claims).toMatchObject({ sub: 'alice', sid: expect.any(String), exp: Number(claims.iat) + 3600 });
  expect(Math.abs(Number(claims.iat) * 1000 - Date.now())).toBeLessThan(10_000);
  const { sid, jti } = await claimsOf(other.out);
  expect([sid, jti]).not.toContain(claims['sid']);
  expect(jti).not.toBe(claims.jti);
});

test('`token` takes session, time of issue and lifetime, and prints the claims with --json', async () => {
  const issued = new Date(Date.now() - 5_000);
  const times = ['--issued-at', issued.toISOString(), '--expires-in', '60'];
  const { out } = await tokenWith(['--account', 'alice', '--session', 's1', ...times, '--json']);
  const { bearer, claims } = JSON.parse(out);
  const iat = issued.getTime() / 1000;
  expect(claims).toMatchObject({ sub: 'alice', sid: 's1', iat, exp: iat + 60 });
  expect(await claimsOf(bearer)).toEqual(claims);
});

test.each([
  [[], 'give an account with --account'],
  [['--account', ''], 'give an account with --account'],
  [['--account', 'a', '--issued-at', 'now'], '--issued-at now: is not a time in ISO 8601'],
  [['--account', 'a', '--expires-in', '1h'], '--expires-in 1h: is not a number of seconds'],
])('`token %j` is refused in one line', async (args, line) => {
  expect(await tokenWith(args)).toMatchObject({ code: 1, out: '', err: `${line}\n` });
});

test('`token` refuses an instance that has no identity provider', async () => {
  const { code, err } = await tokenWith(['--account', 'a'], []);
  expect([code, err]).toEqual([1, 'http://127.0.0.1:1\nthat instance is of an older version: start it again\n']);
});
