import { expect, test } from 'vitest';
import { RULES } from '../../conformance/rules.ts';
import { FAULTS } from './fault-cases.ts';
import { later, lazy } from './faults.ts';
import { broken, brokenBy, judged } from './judging.ts';
import { ownAccountApi, secretOf } from './own-account-api.ts';

test.each(FAULTS)('a fault breaks its rules: $what', async ({ handle, rules, on, authentication }) => {
  const named = RULES.filter(({ name }) => rules.includes(name));
  expect(await brokenBy(handle, on, authentication, named)).toEqual(rules);
});

test('every rule can fail: one of these faults breaks it, or an API that answers ok and does nothing', async () => {
  const named = FAULTS.flatMap(({ rules }) => rules);
  const lazily = [...(await brokenBy(lazy, 'xg-many')), ...(await brokenBy(lazy, 'tpns-many', 'sign'))];
  const able = new Set([...named, ...lazily]);
  expect(RULES.map(({ name }) => name).filter((name) => !able.has(name))).toEqual([]);
});

test.each(['xg-many', 'tpns-typed'])(
  'an API that answers before it works breaks only the rule about that: %s',
  async (app) => {
    const { url, close } = await ownAccountApi(later());
    const judgements = await judged({ url, app, secret: secretOf(app), waitMs: 20_000 }, 'basic');
    await close();
    expect(broken(judgements).map(({ rule }) => rule.name)).toEqual(['query-sees-removal']);
  },
);
