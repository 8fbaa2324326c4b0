import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { bearerOf } from '../../cli/token.ts';
import { type Local, startLocal } from '../../local/instance.ts';
import { Caller } from './caller.ts';
import { exampleConfiguration } from './instance.ts';

const CANARY = 'canary';
const APP = 'xg-android';

let written = '';
let local: Local;
const original = globalThis.console;
beforeAll(async () => {
  const sink = new Writable({
    write: (chunk, _, done) => {
      written += String(chunk);
      done();
    },
  });
  globalThis.console = new Console(sink, sink);
  local = await startLocal({ configuration: exampleConfiguration(), port: 0 });
});
afterAll(async () => {
  globalThis.console = original;
  await local.stop();
});

test('the log contains no account, token, session or secret, whatever is sent', async () => {
  const caller = new Caller(local);
  const token = `${CANARY}-token`;
  const account = `${CANARY}@example.com`;
  const session_id = `${CANARY}-session`;
  const installation_id = `${CANARY}-installation`;
  await caller.send('user.login', { app: APP, token, account, session_id, installation_id });
  await caller.send('user.login', { app: APP, token: `${token}-3`, account, installation_id });
  await caller.send('user.login', { app: APP, token, account, [`${CANARY}-key`]: 1 });
  await caller.send(`${CANARY}-type`, { token, account });
  await caller.send('user.login', { app: `${CANARY}-app`, token, account });
  await caller.send('user.login', { app: APP, token, account }, Date.now() + 60_000);
  await caller.accountsOf(APP, [token]);
  await caller.tokensOf(APP, account);
  const change = { app: APP, old_token: token, token: `${token}-2`, accounts: [{ account }] };
  await caller.send('device.token_changed', change);
  await caller.send('user.logout', { app: APP, token, scope: 'account', account, session_id });
  await caller.send('user.logout_everywhere', { account });
  const bearer = async () => {
    const [issuer] = local.identities;
    if (issuer === undefined) throw new Error('bug: the instance has no identity provider');
    const { issuer: iss, audience: aud, privateJwk } = issuer;
    const iat = Date.now() / 1000;
    return bearerOf(privateJwk, { iss, aud, sub: account, sid: session_id, iat, exp: iat + 60 });
  };
  const posted = async (path: string, credential: string, body: object) => {
    const headers = { authorization: `Bearer ${credential}` };
    const answer = await fetch(`${local.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return [answer.status, await answer.json()];
  };
  const signIn = `/devices/${APP}/sign-in`;
  const [, answer] = await posted(signIn, await bearer(), { token: `${token}-4`, installation_id });
  const { receipt } = z.object({ receipt: z.string() }).parse(answer);
  await posted(signIn, `${await bearer()}x`, { token });
  await posted(signIn, await bearer(), { [`${CANARY}-key`]: 1 });
  const reader = local.readers[0]?.secret ?? '';
  expect((await posted('/v1/resolve', reader, { accounts: [{ account }] }))[0]).toBe(200);
  expect((await posted('/v1/devices', reader, { tokens: [token] }))[0]).toBe(200);
  expect((await posted(`/devices/${APP}/sign-out`, '', { receipt }))[0]).toBe(200);
  for (const [path, headers, body] of strangers) await fetch(`${local.url}${path}`, { method: 'POST', headers, body });
  await caller.idle();

  expect(written).toContain("outcome: 'applied'");
  expect(written).toContain("outcome: 'done'");
  expect(written).not.toContain(CANARY);
  for (const { secret } of local.readers) expect(written).not.toContain(secret);
  expect(written).not.toContain(receipt.slice(0, 40));
  for (const { secret } of local.sources) expect(written).not.toContain(secret.slice(6));
  for (const { secretKey } of local.apps) expect(written).not.toContain(secretKey);
});

const basic = (name: string) => ({ authorization: `Basic ${btoa(`${name}:${CANARY}`)}` });

/** Requests of strangers, full of text that must not be logged. */
const strangers: [string, Record<string, string>, string][] = [
  [`/${CANARY}`, {}, CANARY],
  [`/events/${CANARY}`, {}, CANARY],
  ['/events/app', { 'webhook-id': CANARY, 'webhook-signature': `v1,${CANARY}`, 'webhook-timestamp': CANARY }, CANARY],
  [`/devices/${CANARY}/sign-in`, { authorization: `Bearer ${CANARY}` }, CANARY],
  [`/devices/${APP}/sign-in`, { authorization: `Bearer ${CANARY}` }, CANARY],
  [`/devices/${APP}/sign-out`, {}, `{"receipt":"${CANARY}"}`],
  ['/v1/resolve', { authorization: `Bearer ${CANARY}` }, CANARY],
  ['/v3/device/account/query', basic(CANARY), CANARY],
  ['/v3/device/account/query', basic(APP), `{"token_list":["${CANARY}"]}`],
  [`/v3/device/account/batchoperate?${CANARY}=1`, { accessid: APP, sign: CANARY, timestamp: CANARY }, CANARY],
];
