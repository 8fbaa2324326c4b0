import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostedClient } from '../../functions/aws/mirrors.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { Running } from '../conformance/http-server.ts';
import { APPS, ownAccountApi, secretOf } from '../conformance/own-account-api.ts';
import { token } from '../world/examples.ts';

const [app] = APPS;
if (app === undefined) throw new Error('there is an app');

let own: Running;
beforeAll(async () => {
  own = await ownAccountApi();
});
afterAll(() => own.close());

const client = (secretsOf: () => Promise<string | undefined>) =>
  hostedClient(
    {
      url: own.url,
      app: app.id,
      dialect: app.dialect,
      authentication: 'basic',
      platform: app.platform,
      timeoutMs: 20_000,
      now: Date.now,
    },
    secretsOf,
  );
const ask = (hosted: ReturnType<typeof client>) => hosted.accountsOf([token('phone')]);

test('a hosted client calls with the current secret', async () => {
  let secret = 'wrong';
  const hosted = client(async () => secret);
  expect(await ask(hosted)).toMatchObject({ kind: 'unauthorized' });
  secret = secretOf(app.id);
  expect(await ask(hosted)).toEqual({ kind: 'found', accounts: [[]] });
  expect(await hosted.operate({ kind: 'unbindTokenFromAll', tokens: [token('phone')] })).toMatchObject({
    kind: 'answered',
  });
});

test('a hosted client is unavailable while its secret is missing or cannot be read', async () => {
  const none = client(async () => undefined);
  expect(await ask(none)).toEqual({ kind: 'unavailable', reason: 'no secret' });
  const down = client(async () => {
    throw new Unavailable('ResourceNotFoundException');
  });
  expect(await down.operate({ kind: 'unbindTokenFromAll', tokens: [] })).toEqual({
    kind: 'unavailable',
    reason: 'ResourceNotFoundException',
  });
});
