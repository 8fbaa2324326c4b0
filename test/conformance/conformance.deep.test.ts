import { afterAll, beforeAll, expect, test } from 'vitest';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { type Local, startLocal } from '../../local/instance.ts';
import { broken, judged } from './judging.ts';
import { APPS } from './own-account-api.ts';

let local: Local;
beforeAll(async () => {
  const sources = [{ id: 'app', kind: 'standard-webhooks', apps: ['xg-many'] }];
  local = await startLocal({ configuration: Configuration.parse({ apps: APPS, sources }), port: 0 });
});
afterAll(() => local.stop());

test('the functions hold every rule, in XG with Basic authentication and in TPNS with signatures', async () => {
  // Two runs at once keep the machine busy, so a door may answer `durable` before it applies.
  const waitMs = 30_000;
  const subjects = [
    { app: 'xg-many', authentication: 'basic' },
    { app: 'tpns-typed', authentication: 'sign' },
  ] as const;
  const runs = subjects.map(async ({ app, authentication }) => {
    const secret = local.apps.find(({ id }) => id === app)?.secretKey ?? '';
    return broken(await judged({ url: local.url, app, secret, waitMs }, authentication));
  });
  expect((await Promise.all(runs)).flat()).toEqual([]);
});
