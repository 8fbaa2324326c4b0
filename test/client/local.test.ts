import { expect, test } from 'vitest';
import { Bindery, NotSignedError } from '../../client/bindery.ts';
import { sharedInstance } from '../local/instance.ts';

const shared = sharedInstance();
const APP = { app: 'xg-android' };

/** A client of the local instance, and a question for the tokens of an account. */
function client(options = {}) {
  const { url, sources, readers } = shared().instance;
  const secrets = { secret: sources[0]?.secret, reader: readers[0]?.secret };
  const bindery = new Bindery({ url, source: 'app', ...secrets, ...options });
  const tokensOf = async (account: string) =>
    (await bindery.resolve([{ account }])).flatMap(({ devices }) => devices.map(({ token }) => token));
  return { bindery, tokensOf, url };
}

test('every call of the client has its effect at a local instance, though the clock stands still', async () => {
  const now = Date.now();
  const { bindery, tokensOf } = client({ now: () => now });
  const login = (token: string, session_id: string) => bindery.login({ ...APP, token, account: 'cl-ann', session_id });
  await login('cl-1', 's-1');
  await login('cl-2', 's-2');
  await bindery.tokenChanged({ ...APP, old_token: 'cl-2', token: 'cl-3' });
  expect((await tokensOf('cl-ann')).sort()).toEqual(['cl-1', 'cl-3']);
  await bindery.logoutEverywhere({ account: 'cl-ann', except: { session_id: 's-1' } });
  expect(await tokensOf('cl-ann')).toEqual(['cl-1']);
  expect((await bindery.logout({ scope: 'session', session_id: 's-1', account: 'cl-ann' })).outcome).toBe('applied');
  expect((await login('cl-1', 's-3')).outcome).toBe('applied');
  const early = { ...APP, token: 'cl-1', at: new Date(now - 1_000) };
  expect((await bindery.gone([early])).outcome).toBe('superseded');
  await bindery.logout({ ...APP, token: 'cl-1' });
  await login('cl-4', 's-4');
  await bindery.deleted({ account: 'cl-ann' });
  expect(await tokensOf('cl-ann')).toEqual([]);
});

test('a phone signs in with a ticket of the client, also in the millisecond of a sign-out everywhere', async () => {
  const now = Date.now();
  const { bindery, tokensOf, url } = client({ now: () => now });
  const before = await bindery.ticket({ account: 'cl-bob' });
  await bindery.logoutEverywhere({ account: 'cl-bob' });
  const after = await bindery.ticket({ account: 'cl-bob', session_id: 's' });
  const signIn = async (ticket: string) => {
    const headers = { authorization: `Bearer ${ticket}`, 'content-type': 'application/json' };
    const options = { method: 'POST', headers, body: JSON.stringify({ token: 'cl-5' }) };
    return (await fetch(`${url}/devices/${APP.app}/sign-in`, options)).status;
  };
  expect([await signIn(before), await signIn(after), await tokensOf('cl-bob')]).toEqual([401, 200, ['cl-5']]);
});

test('another secret is an error of its own kind', async () => {
  const other = { secret: `whsec_${btoa('another secret of 24 bytes')}`, reader: 'another' };
  const { bindery } = client(other);
  await expect(bindery.logout({ ...APP, token: 'cl-7' })).rejects.toThrow(NotSignedError);
  await expect(bindery.resolve([{ account: 'cl-ann' }])).rejects.toThrow('HTTP 401: invalid_token');
});
