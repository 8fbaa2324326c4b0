import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeEnvFile } from '../../cli/env-file.ts';
import { Instance } from '../../local/description.ts';
import { temporaryFolder } from '../local/instance.ts';

const instance = (secret: string): Instance =>
  Instance.parse({
    url: 'http://127.0.0.1:8787',
    apps: [{ id: 'tpns-ios', dialect: 'tpns', policy: 'many', platform: 'ios', secretKey: secret }],
    sources: [{ id: 'app', secret: `whsec_${secret}` }],
    readers: [{ id: 'push-api', secret: `r${secret}` }],
    sqs: '',
    dynamodb: '',
  });

const BLOCK = (secret: string) => [
  '# Bindery on this machine. `npx bindery start --env` writes the lines from here',
  'BINDERY_URL=http://127.0.0.1:8787',
  `BINDERY_SECRET_OF_SOURCE_APP=whsec_${secret}`,
  `BINDERY_SECRET_OF_APP_TPNS_IOS=${secret}`,
  `BINDERY_SECRET_OF_READER_PUSH_API=r${secret}`,
  '# to here anew.',
];

const linesIn = (file: string): string[] => readFileSync(file, 'utf8').split('\n');

test('a .env file that is made has address and secrets, for its user only', () => {
  const file = join(temporaryFolder(), '.env');
  expect(writeEnvFile(instance('s1'), file)).toEqual([]);
  expect(linesIn(file)).toEqual([...BLOCK('s1'), '']);
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
});

test('the lines of a .env file that are not of Bindery stay, and those of an earlier start are replaced', () => {
  const file = join(temporaryFolder(), '.env');
  writeFileSync(file, 'DATABASE_URL=postgres://localhost\n\n# mine');
  writeEnvFile(instance('s1'), file);
  writeFileSync(file, `${readFileSync(file, 'utf8')}LATER=1\n`);
  writeEnvFile(instance('s2'), file);
  expect(linesIn(file)).toEqual(['DATABASE_URL=postgres://localhost', '', '# mine', 'LATER=1', ...BLOCK('s2'), '']);
  const once = readFileSync(file, 'utf8');
  writeEnvFile(instance('s2'), file);
  expect(readFileSync(file, 'utf8')).toBe(once);
});

test('a name that the user sets in a .env file is left to the user, and returned', () => {
  const file = join(temporaryFolder(), '.env');
  writeFileSync(file, 'export BINDERY_URL = http://elsewhere\n#BINDERY_SECRET_OF_SOURCE_APP=old\n');
  expect(writeEnvFile(instance('s1'), file)).toEqual(['BINDERY_URL']);
  const [first, , third] = BLOCK('s1');
  expect(linesIn(file).slice(0, 4)).toEqual([
    'export BINDERY_URL = http://elsewhere',
    '#BINDERY_SECRET_OF_SOURCE_APP=old',
    first,
    third,
  ]);
});

test('a .env file in a folder that does not exist is an error with the reason', () => {
  expect(() => writeEnvFile(instance('s1'), join(temporaryFolder(), 'none/.env'))).toThrow(
    /none\/\.env cannot be written: no such file or directory$/,
  );
});
