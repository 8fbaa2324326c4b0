import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root, sharedInstance } from './local/instance.ts';

const blocks = ['events', 'account-api', 'sending'].flatMap((page) => [
  ...readFileSync(join(root, `docs/${page}.md`), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g),
]);
const blockWith = (text: string): string => {
  const found = blocks.find(([, block = '']) => block.includes(text))?.[1];
  if (found === undefined) throw new Error(`docs/ have no block with ${text}`);
  return found;
};

const shared = sharedInstance();

/** Runs a block of a page in a shell with the values that `npm start` prints. */
async function run(block: string): Promise<unknown> {
  const { apps, sources, readers, url } = shared().instance;
  const [app] = apps;
  const env = {
    ...process.env,
    URL: url,
    SECRET: sources[0]?.secret,
    APP: app?.id,
    KEY: app?.secretKey,
    READER: readers[0]?.secret,
  };
  const { stdout } = await promisify(execFile)('sh', ['-euc', block], { env });
  return JSON.parse(stdout);
}

test('the documented login with openssl is applied, the documented query shows the account, and a logout ends it', async () => {
  const login = blockWith('user.login');
  const query = blockWith('-u "$APP:$KEY"');
  const bound = (...accounts: object[]) => ({
    ret_code: 0,
    token_accounts: [{ token: 'phone-1', account_list: accounts }],
  });

  expect(await run(login)).toMatchObject({ outcome: 'applied' });
  expect(await run(query)).toMatchObject(bound({ account: 'alice', account_type: 0 }));
  const logout = login.replace('user.login', 'user.logout').replace(',"account":"alice"', '');
  expect(await run(logout)).toMatchObject({ outcome: 'applied' });
  expect(await run(query)).toMatchObject(bound());
});

test('the documented query with a signature is answered, and refused when another key signs it', async () => {
  const query = blockWith('$AT$APP$BODY');
  expect(await run(query)).toMatchObject({ ret_code: 0, token_accounts: [{ token: 'phone-1' }] });
  expect(await run(query.replace('-hmac "$KEY"', '-hmac "x$KEY"'))).toMatchObject({ ret_code: 10104 });
});

test('the documented questions of a sender are answered', async () => {
  expect(await run(blockWith('user.login'))).toMatchObject({ outcome: 'applied' });
  const device = { app: 'xg-android', platform: 'android', fence: expect.any(String) };
  expect(await run(blockWith('/v1/resolve'))).toMatchObject({
    accounts: [
      { account: 'alice', devices: [{ ...device, token: 'phone-1' }] },
      { account: 'bob', account_type: 3, devices: [] },
    ],
  });
  expect(await run(blockWith('/v1/devices'))).toMatchObject({
    devices: [{ token: 'phone-1', accounts: [{ ...device, account: 'alice', account_type: 0 }] }],
  });
});
