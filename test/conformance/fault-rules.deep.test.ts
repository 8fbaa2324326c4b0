import { expect, test } from 'vitest';
import { RULES } from '../../conformance/rules.ts';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import { FAULTS } from './fault-cases.ts';
import { answering, later, lazy, saying } from './faults.ts';
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

test.concurrent.each(['xg-many', 'tpns-typed'])(
  'an API that answers before it works breaks only the rule about that: %s',
  async (app) => {
    const { url, close } = await ownAccountApi(later());
    const judgements = await judged({ url, app, secret: secretOf(app), waitMs: 20_000 }, 'basic');
    await close();
    expect(broken(judgements).map(({ rule }) => rule.name)).toEqual(['query-sees-removal']);
  },
);

/** Our own API in the words of TPNS's newest pages: another text, types that are 0, codes for some elements, other keys. */
const inNewestWords = saying((json, { path }) => {
  const results: readonly unknown[] = Array.isArray(json['result']) ? json['result'] : [];
  const failed = results.filter((result) => result !== '0').length;
  const code = failed === 0 ? 0 : failed === results.length ? 1008027 : 1008026;
  const isDone = json['ret_code'] === 0 || json['retCode'] === 0;
  const typed = JSON.parse(
    JSON.stringify(json).replace(/("account":"[^"]*")(?!,"account_type")/g, '$1,"account_type":0'),
  );
  if (!isDone) return { ...json, seq: 1 };
  return path === PATHS.query
    ? { ...typed, retCode: code, errMsg: 'NO_ERROR', environment: 'product' }
    : { ...typed, ret_code: code, err_msg: 'NO_ERROR', seq: 1 };
});

/** Refuses with statuses and codes of its own, as the documents do not say which. */
const inOwnWay = answering((reply) => {
  const { ret_code, retCode } = Object(reply.body);
  return (ret_code ?? retCode) === 0 ? reply : { ...reply, status: 400, body: { error: 'no' } };
});

test.each([
  ['in the words of the newest pages', inNewestWords],
  ['that refuses in a way of its own', inOwnWay],
])('an API %s keeps every documented rule', async (_, handle) => {
  const { url, close } = await ownAccountApi(handle);
  const subject = { url, app: 'tpns-typed', secret: secretOf('tpns-typed'), isDocumentedOnly: true };
  const documented = RULES.filter(({ from }) => from === 'document');
  expect(broken(await judged(subject, 'sign', documented))).toEqual([]);
  await close();
});

test('an API that accepts everything breaks documented rules', async () => {
  const { url, close } = await ownAccountApi(lazy);
  const subject = { url, app: 'tpns-typed', secret: secretOf('tpns-typed'), isDocumentedOnly: true };
  const names = broken(await judged(subject, 'sign')).map(({ rule }) => rule.name);
  for (const name of ['no-credential', 'not-json', 'no-more-than-twenty-tokens', 'tpns-sample-tokens'])
    expect(names).toContain(name);
  await close();
});
