import { request } from 'undici';
import { expect, test } from 'vitest';
import { CONFIGURATION, EVENTS_PATH, SOURCE_SECRET, signed } from '../../bench/installation.ts';
import { STORE_NAMES, startPeer } from '../../bench/peer/apps.ts';
import { deviceToken } from '../../bench/sample-events.ts';
import { Token } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf, tokensOf } from '../../functions/core/bindings.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { chunksOf } from '../../functions/core/parallel.ts';
import { openSources } from '../../functions/events/source.ts';
import { appFacts, kind } from '../../functions/events/sources/standard-webhooks.ts';
import { translate } from '../../functions/events/translate.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import { present, randomOf } from '../sim/random.ts';
import { account } from '../world/examples.ts';

const random = randomOf(15);
const APP = AppId.parse('shop');
const TOKENS = Array.from({ length: 6 }, (_, i) => Token.parse(deviceToken(i)));
const ACCOUNTS = Array.from({ length: 4 }, (_, i) => account(`account-${i}`));
const NOW = Date.now();

/** Events of every kind that the peers have, about few phones in few milliseconds, so that they meet. */
const EVENTS = Array.from({ length: 300 }, (_, i) => {
  const [token, other] = [random.pick(TOKENS), random.pick(TOKENS)];
  const { id } = random.pick(ACCOUNTS);
  const login = { type: 'user.login', data: { token, account: id } };
  const { type, data } = random.pick([
    ...[login, login, login, { ...login, data: { ...login.data, mode: 'append' } }],
    { type: 'user.logout', data: { token } },
    { type: 'user.logout', data: { token, scope: 'account', account: id } },
    { type: 'user.logout_everywhere', data: { account: id } },
    { type: 'device.token_changed', data: { old_token: other, token, accounts: [{ account: id }] } },
  ]);
  return { id: `evt_${i}`, type, timestamp: new Date(NOW - 1000 + random.below(200)).toISOString(), data };
});

/** Our bindings after the events in their first order, in both directions. */
async function ourBindings() {
  const store = memoryRegistryStore();
  const reach = present(await openSources(CONFIGURATION, () => kind, { fetch, now: Date.now }).get('app'));
  for (const body of chunksOf(EVENTS, 100)) {
    const facts = appFacts({ id: 'msg', body }, reach);
    if ('refused' in facts) throw new Error(JSON.stringify(facts));
    const read = await translate(facts.facts, { reach, store, nowMs: NOW });
    if (!('events' in read)) throw new Error(JSON.stringify(read));
    const operations = read.events.flatMap((event) => event.operations);
    await applyAll({ store, now: Date.now, pause: async () => {} }, operations);
  }
  const accounts = await accountsOf(
    store,
    TOKENS.map((token) => ({ app: APP, token })),
    NOW,
  );
  const tokens = await tokensOf(
    store,
    ACCOUNTS.map((one) => ({ app: APP, account: one })),
    NOW,
  );
  return {
    accounts: accounts.map((some) => some.map(({ id }) => `0#${id}`).sort()),
    tokens: tokens.map((shown) => sorted(shown.tokens)),
  };
}

const sorted = (texts: readonly string[]) => texts.toSorted();

async function post(url: string, path: string, json: unknown, secret = SOURCE_SECRET) {
  const body = JSON.stringify(json);
  const headers = { 'content-type': 'application/json', ...(await signed(body, 'msg', secret)) };
  const answer = await request(`${url}${path}`, { method: 'POST', headers, body });
  return { status: answer.statusCode, json: await answer.body.json().catch(() => undefined) };
}

test.for(STORE_NAMES)(
  'events in any order, repeated, alone and in lists end in our bindings on the peer with %s',
  async (store, { skip, onTestFinished }) => {
    const peer = await startPeer(store);
    if (peer === undefined) return skip(`${store} is not installed`);
    onTestFinished(peer.stop);
    const { url } = peer;
    for (const size of [1, 7, 100]) {
      const requests = chunksOf(random.shuffled(EVENTS), size).map((some) => (size === 1 ? some[0] : some));
      const statuses = await Promise.all(requests.map(async (json) => (await post(url, EVENTS_PATH, json)).status));
      expect(new Set(statuses)).toEqual(new Set([200]));
    }
    const found = async (query: object) => sorted((await post(url, '/query', query)).json as string[]); // our process answers a list
    const accounts = await Promise.all(TOKENS.map((token) => found({ token })));
    const tokens = await Promise.all(ACCOUNTS.map(({ id }) => found({ account: `0#${id}` })));
    expect({ accounts, tokens }).toEqual(await ourBindings());
    const wrong = `whsec_${'A'.repeat(32)}`;
    expect((await post(url, EVENTS_PATH, EVENTS[0], wrong)).status).toBe(401);
    expect((await peer.progress(EVENTS.length)).beside).toBeGreaterThan(0);
  },
);
