import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RULES } from '../../conformance/rules.ts';
import { Configuration } from '../../functions/core/configuration.ts';
import { type Local, startLocal } from '../../local/instance.ts';
import type { Running } from './http-server.ts';
import { broken, judged } from './judging.ts';
import { APPS, ownAccountApi, secretOf } from './own-account-api.ts';

const WAYS = ['basic', 'sign'] as const;
const ways = APPS.flatMap(({ id }) => WAYS.map((authentication) => ({ app: `${id}`, authentication })));

describe('our handler over a registry in memory', () => {
  let own: Running;
  beforeAll(async () => {
    own = await ownAccountApi();
  });
  afterAll(() => own.close());

  test.each(ways)('the app $app holds every rule with $authentication', async ({ app, authentication }) => {
    const judgements = await judged({ url: own.url, app, secret: secretOf(app) }, authentication);
    expect(broken(judgements)).toEqual([]);
  });
});

describe('the deployed functions over embedded SQS and DynamoDB', () => {
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
});

test('all rules have different names', () => {
  const names = RULES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test.each(RULES)('the rule $name is a sentence', ({ says, name }) => {
  expect(says).toMatch(/^\S.*[^.]\.$/);
  expect(name).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
});
