import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { developmentSecrets } from '../../local/environment.ts';
import { withReader } from '../../local/identity.ts';
import { exampleConfiguration, modeOf, temporaryFolder } from './instance.ts';

test('development secrets without a folder are new in each run', () => {
  const [one, other] = [developmentSecrets(exampleConfiguration()), developmentSecrets(exampleConfiguration())];
  expect(one.apps['xg-android']).not.toBe(other.apps['xg-android']);
  expect(one.sources['app']).not.toBe(other.sources['app']);
});

test('development secrets in a folder stay, in a file for their user only, and a new app gets its own', () => {
  const folder = temporaryFolder();
  const configuration = exampleConfiguration();
  const { apps, sources } = configuration;
  const first = developmentSecrets(configuration, { path: folder });
  expect(modeOf(join(folder, 'secrets.json'))).toBe('600');
  expect(developmentSecrets(configuration, { path: folder })).toEqual(first);
  const more = Configuration.parse({ apps: [...apps, { id: 'new', dialect: 'xg', platform: 'ios' }], sources });
  expect(developmentSecrets(more, { path: folder }).apps).toEqual({
    ...first.apps,
    new: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
  });
});

test('development secrets of a version without phones and readers stay, and get the new keys', () => {
  const [folder, configuration] = [temporaryFolder(), withReader(exampleConfiguration())];
  const { apps, sources, pseudonyms } = developmentSecrets(configuration);
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify({ apps, sources, pseudonyms }));
  const secrets = developmentSecrets(configuration, { path: folder });
  expect(secrets).toMatchObject({ apps, sources, pseudonyms });
  expect(Object.keys(secrets.readers)).toEqual(['development']);
  expect(developmentSecrets(configuration, { path: folder })).toEqual(secrets);
});

test('`--fresh` replaces the development secrets in a folder', () => {
  const [folder, configuration] = [temporaryFolder(), exampleConfiguration()];
  const first = developmentSecrets(configuration, { path: folder });
  const fresh = developmentSecrets(configuration, { path: folder, isFresh: true });
  expect(fresh.sources).not.toEqual(first.sources);
  expect(developmentSecrets(configuration, { path: folder })).toEqual(fresh);
});
