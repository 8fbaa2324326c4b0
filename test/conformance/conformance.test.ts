import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RULES } from '../../conformance/rules.ts';
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

test('all rules have different names', () => {
  const names = RULES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test.each(RULES)('the rule $name is a sentence', ({ says, name }) => {
  expect(says).toMatch(/^\S.*[^.]\.$/);
  expect(name).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
});
