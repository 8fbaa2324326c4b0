import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { secretIn } from '../../cli/secret.ts';
import { signerOf, targetOf } from '../../cli/target.ts';
import { writeInstance } from '../../local/description.ts';
import { UserError } from '../../local/user-error.ts';
import { temporaryFolder } from '../local/instance.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('a secret that cannot sign is an error of the user', () => {
  expect(() => signerOf('whsec_c2hvcnQ=')).toThrow(
    new UserError('a webhook secret must be whsec_ and the base64 of 24 to 64 bytes'),
  );
});

const [OLDER, NEWER] = ['http://127.0.0.1:1001', 'http://127.0.0.1:1002'];

/** Two instances of one folder: the target of a call, and the lines that say so. */
async function found(values: Record<string, string>, environment = {}, urls = [OLDER, NEWER]) {
  const [folder, warned]: [string, string[]] = [temporaryFolder(), []];
  for (const [i, url] of urls.entries())
    writeInstance(
      {
        url,
        apps: [],
        sources: [],
        identities: [],
        providers: [],
        sourceQueues: [],
        readers: [],
        sqs: '',
        dynamodb: '',
      },
      folder,
      i,
    );
  const defaults = { url: undefined, port: undefined, secret: undefined, 'secret-id': undefined };
  const warn = (line: string) => void warned.push(line);
  const { url, instance, secret } = await targetOf({ ...defaults, ...values }, { folder, environment, warn });
  return { url, isLocal: instance !== undefined, secret, warned };
}

test('a call goes to the newest instance of the directory and names it, and --port chooses another', async () => {
  expect(await found({})).toMatchObject({
    url: NEWER,
    warned: [`${NEWER}, the newest instance of this directory: --port chooses from 1002, 1001`],
  });
  expect(await found({ port: '1001' })).toMatchObject({ url: OLDER, warned: [OLDER] });
  expect(await found({}, {}, [OLDER])).toMatchObject({ url: OLDER, warned: [OLDER] });
  await expect(found({ port: '1003' })).rejects.toThrow(
    'no instance of this directory has port 1003: there is 1002, 1001',
  );
  await expect(found({ port: '1001', url: OLDER })).rejects.toThrow('give either --url or --port');
});

test('a call with BINDERY_URL names it, and uses the secrets of the local instance only for its own address', async () => {
  const told = (url: string) => [`${url}, from BINDERY_URL`];
  expect(await found({}, { BINDERY_URL: OLDER })).toMatchObject({ url: OLDER, isLocal: true, warned: told(OLDER) });
  const elsewhere = 'http://localhost:1001';
  expect(await found({}, { BINDERY_URL: elsewhere })).toMatchObject({ isLocal: false, warned: told(elsewhere) });
  expect(await found({ port: '1002' }, { BINDERY_URL: OLDER })).toMatchObject({ url: NEWER });
});

test('a secret that begins with @ is read from a file, without the line feed at its end', async () => {
  const file = join(temporaryFolder(), 'secret');
  writeFileSync(file, `${SECRET}\n`);
  expect(await found({ secret: `@${file}` })).toMatchObject({ secret: SECRET });
  expect(secretIn('plain@')).toBe('plain@');
  expect(() => secretIn('@none')).toThrow('the secret in none cannot be read: no such file or directory');
});
