import { expect, test } from 'vitest';
import { chapterOf, released, UNRELEASED } from '../../package/changelog.ts';
import { type Clone, faultsOf } from '../../package/checks.ts';
import { manifestOf } from '../../package/manifest.ts';
import packageJson from '../../package.json' with { type: 'json' };

const CHANGELOG = `# Changelog

## Unreleased

- A change.

## 1.1.0 (2026-12-01)

- An earlier one.

## 1.1.0-rc.1 (2026-11-30)

- A trial.
`;

const READY: Clone = { version: '1.2.0', current: '1.1.0', tags: ['v1.1.0'], changed: [], notes: '- A change.' };

test('a release takes the unreleased changes as its notes, and leaves an empty chapter for the next', () => {
  const after = released(CHANGELOG, '1.2.0', '2026-12-24');
  expect(chapterOf(CHANGELOG, UNRELEASED)).toBe('- A change.');
  expect(chapterOf(after, UNRELEASED)).toBeUndefined();
  expect(chapterOf(after, '## 1.2.0')).toBe('- A change.');
  expect(chapterOf(after, '## 1.1.0')).toBe('- An earlier one.');
});

test('a clone without faults is released, also the first time under the version that it has', () => {
  expect(faultsOf(READY)).toEqual([]);
  expect(faultsOf({ ...READY, version: '1.1.0', tags: [] })).toEqual([]);
});

test.each([
  ['a word that is no version', { version: 'v1.2' }, '"v1.2" is not a version'],
  ['a version that has a tag', { version: '1.1.0' }, 'version 1.1.0 is released already'],
  ['a version that is before the current one', { version: '1.0.9' }, 'version 1.0.9 is before 1.1.0'],
  ['a file with changes', { changed: [' M README.md'] }, 'not committed'],
  ['a chapter without changes', { notes: undefined }, 'CHANGELOG.md has no changes'],
])('%s stops a release', (_, change, fault) => {
  expect(faultsOf({ ...READY, ...change }).join('\n')).toContain(fault);
});

test('a package that the code imports must be named in package.json', () => {
  expect(manifestOf(packageJson, new Set(['zod', 'aws-cdk-lib']))).toMatchObject({
    dependencies: { zod: packageJson.dependencies.zod },
    peerDependencies: { 'aws-cdk-lib': `^${packageJson.devDependencies['aws-cdk-lib']}` },
  });
  expect(() => manifestOf(packageJson, new Set(['left-pad']))).toThrow('the code imports "left-pad"');
});

test.each(['git@github.com:shop/bindery.git', 'https://github.com/shop/bindery'])(
  'a clone of %s names its repository, which npm compares with the provenance',
  (remote) => {
    const { repository } = manifestOf(packageJson, new Set(), remote);
    expect(repository).toEqual({ type: 'git', url: 'git+https://github.com/shop/bindery.git' });
  },
);
