import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import { Configuration } from '../../functions/core/bindery-json.ts';
import type { Door } from '../../infra/settings.ts';
import { type Bundles, bundlesOfSource } from '../infra/bundles.ts';
import { deployed } from '../infra/deployment.ts';
import { CONFIGURATION, synthesized } from '../infra/synthesis.ts';
import { accountsOf, basic } from '../world/account-api.ts';
import { postEvents } from '../world/events.ts';

const RELEASES = join(import.meta.dirname, '../releases');
const APP = 'shop-android';
const SOURCE = 'this version';

/** The release before, kept by `npm run release`. Before the first one, this version takes its place. */
const BEFORE = existsSync(RELEASES) ? readdirSync(RELEASES) : [];

const stack = synthesized({
  configuration: Configuration.parse({ ...CONFIGURATION, readers: [{ id: 'push', apps: [APP] }] }),
});

let source: Bundles;
beforeAll(async () => {
  source = await bundlesOfSource();
}, 120_000);
afterAll(() => source.remove());

/** Unpacks the kept bundles of a release. Functions that were not kept are those of this version. */
function bundlesOf(version: string): Bundles {
  if (version === SOURCE) return source;
  const folder = mkdtempSync(join(tmpdir(), 'bindery-release-'));
  const files = new Map(
    readdirSync(join(RELEASES, version)).map((name) => {
      const door = name.replace('.js.gz', '');
      const file = join(folder, door, 'index.js');
      mkdirSync(join(folder, door));
      writeFileSync(file, gunzipSync(readFileSync(join(RELEASES, version, name))));
      return [door, file];
    }),
  );
  return { ...source, file: (door) => files.get(door) ?? source.file(door) };
}

/** Deploys the doors that write from one version, and the worker and the door of senders from another. */
async function crossing(writers: Bundles, readers: Bundles) {
  const isWriter = (door: Door) => door === 'events' || door === 'account-api';
  const file = (door: Door) => (isWriter(door) ? writers : readers).file(door);
  const deployment = await deployed(stack, undefined, { ...source, file, remove: () => {} });
  const { url, secret, recorder } = deployment;
  const ask = async (path: string, headers: Readonly<Record<string, string>>, body: object) => {
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return [...(await answer.text()).matchAll(/"account":"(\w+)"/g)].map(([, name]) => name).toSorted();
  };
  return {
    deployment,
    send: (type: string, data: object) =>
      postEvents({ url, source: { id: 'web', secret: secret('Credentials/source web') } }, [
        [type, { app: APP, ...data }],
      ]),
    /** Lets the doors write to the queue alone, or to the table too. */
    cutTable: (isCut: boolean) =>
      recorder.interrupt(({ caller, action }) =>
        isCut && caller === 'events' && action.startsWith('dynamodb:') ? { status: 500, body: '{}' } : undefined,
      ),
    /** Returns the accounts of a token, as the version of the doors and the other version see them. */
    accounts: async (token: string) => [
      await ask(PATHS.query, basic(APP, secret(`Credentials/app ${APP}`)), accountsOf(token)),
      await ask('/v1/devices', { authorization: `Bearer ${secret('Credentials/reader push')}` }, { tokens: [token] }),
    ],
  };
}

type Crossing = Awaited<ReturnType<typeof crossing>>;

/** The logins and logouts of a short story. Returns the statuses of the answers. */
async function story({ send }: Crossing, name: string): Promise<number[]> {
  const [first, second, third] = [1, 2, 3].map((i) => `${name}-${i}`);
  const session_id = `${name}-session`;
  const statuses = [
    await send('user.login', { token: first, account: 'alice', session_id, installation_id: `${name}-phone` }),
    await send('user.login', { token: second, account: 'alice', expires_at: new Date(Date.now() + 3_600_000) }),
    await send('user.login', { token: second, account: 'bob', mode: 'append' }),
    await send('user.login', { token: third, account: 'carol' }),
    await send('user.logout', { scope: 'session', session_id, account: 'alice' }),
    await send('user.logout_everywhere', { account: 'carol' }),
  ];
  return [...new Set(statuses)];
}

const ENDED = {
  first: [[], []],
  second: [
    ['alice', 'bob'],
    ['alice', 'bob'],
  ],
  third: [[], []],
};

const seen = async ({ accounts }: Crossing, name: string) => ({
  first: await accounts(`${name}-1`),
  second: await accounts(`${name}-2`),
  third: await accounts(`${name}-3`),
});

const pairs = BEFORE.flatMap((version) => [
  { writers: version, readers: SOURCE },
  { writers: SOURCE, readers: version },
]);

test.each(pairs)(
  'a version reads the messages and documents of the one before or after: doors of $writers, worker of $readers',
  async (pair) => {
    const both = await crossing(bundlesOf(pair.writers), bundlesOf(pair.readers));
    try {
      expect(await story(both, 'documents')).toEqual([200]);
      expect(await seen(both, 'documents')).toEqual(ENDED);
      // The worker of the other version merges into these documents, and both still read them.
      await setTimeout(1_100);
      expect(await both.deployment.deliver('apply')).toBe(0);
      expect(await seen(both, 'documents')).toEqual(ENDED);
      both.cutTable(true);
      expect(await story(both, 'messages')).toEqual([202]);
      both.cutTable(false);
      await setTimeout(1_100);
      expect(await both.deployment.deliver('apply')).toBe(0);
      expect(await seen(both, 'messages')).toEqual(ENDED);
    } finally {
      await both.deployment.stop();
    }
  },
  120_000,
);
