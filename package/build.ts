import { execFileSync } from 'node:child_process';
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFunctions } from '../infra/bundling.ts';
import { bundlePage } from '../local/console/bundle.ts';
import { type Manifest, manifestOf } from './manifest.ts';

const root = join(import.meta.dirname, '..');

/** The root of the package: what is in this folder is published, and nothing else. */
export const DIST = join(root, 'dist');

/** Files that the package has as they are. */
const COPIED = [
  'local/console/page/style.css',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'cdk.json',
  'bindery.json',
  'client/bindery.py',
  'cli/*.cjs',
  'docs/**/*.md',
];

/**
 * Makes the package from the source as it is now: compiled code with its declarations, bundled functions, documents.
 * `version` replaces the one of package.json.
 */
export async function build(version?: string): Promise<Manifest> {
  rmSync(DIST, { recursive: true, force: true });
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'package')], {
    stdio: 'inherit',
  });
  await bundleFunctions(join(DIST, 'bundles'));
  for (const file of COPIED.flatMap((pattern) => globSync(pattern, { cwd: root })))
    cpSync(join(root, file), join(DIST, file));
  writeFileSync(join(DIST, 'local/console/page/main.js'), await bundlePage());
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const manifest = manifestOf({ ...own, ...(version !== undefined && { version }) }, importedIn(DIST), remote());
  writeFileSync(join(DIST, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** Returns the address of the repository that this one is a clone of; an empty text if it is none. */
function remote(): string {
  try {
    const options = { cwd: root, encoding: 'utf8', stdio: 'pipe' } as const;
    return execFileSync('git', ['config', '--get', 'remote.origin.url'], options).trim();
  } catch {
    return '';
  }
}

/** Returns the packages that the compiled code imports. */
function importedIn(folder: string): ReadonlySet<string> {
  const texts = globSync('**/*.js', { cwd: folder, exclude: ['bundles', 'local/console/page'] }).map((file) =>
    readFileSync(join(folder, file), 'utf8'),
  );
  const names = texts.flatMap((text) => [
    ...text.matchAll(/(?:from|import\(?)\s*'((?:@[^/']+\/)?[a-z][^/':]*)(?![^']*:)/g),
  ]);
  return new Set(names.map(([, name = '']) => name));
}

if (import.meta.main) await build();
