import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

describe('a hosted API whose secret is looked up', () => {
  test('is called with the secret of the moment', async () => {
    let secret = 'wrong';
    const hosted = client(async () => secret);
    expect(await ask(hosted)).toMatchObject({ kind: 'unauthorized' });
    secret = secretOf(app.id);
    expect(await ask(hosted)).toEqual({ kind: 'found', accounts: [[]] });
    expect(await hosted.operate({ kind: 'unbindTokenFromAll', tokens: [token('phone')] })).toMatchObject({
      kind: 'answered',
    });
  });

  test('is unavailable as long as there is none, or none can be read', async () => {
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
});
