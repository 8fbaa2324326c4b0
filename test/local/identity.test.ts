import { expect, test } from 'vitest';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { newPrivateJwk, withIdentity, withReader } from '../../local/identity.ts';
import { exampleConfiguration } from './instance.ts';

test('the development reader is added only if none is configured, and the development identity to those configured', () => {
  const configured = Configuration.parse({
    ...exampleConfiguration(),
    identities: ['shop', 'development'].map((id) => ({
      id,
      apps: ['xg-ios'],
      issuer: 'https://shop',
      audience: ['a'],
    })),
    readers: [{ id: 'push', apps: ['xg-ios'] }],
  });
  const { identities, readers } = withIdentity(withReader(configured), newPrivateJwk());
  expect(identities.map(({ id, issuer }) => [id, issuer])).toEqual([
    ['shop', 'https://shop'],
    ['development', 'https://identity.bindery.invalid'],
  ]);
  expect(readers).toEqual(configured.readers);
});
