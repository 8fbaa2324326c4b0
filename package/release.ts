import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build, DIST } from './build.ts';
import { chapterOf, released, UNRELEASED } from './changelog.ts';
import { faultsOf } from './checks.ts';

const root = join(import.meta.dirname, '..');
const CHANGELOG = join(root, 'CHANGELOG.md');

/** Tarballs and checksums, for the machine that makes a release. Git ignores them. */
const PACKED = join(root, 'release');

/** The functions that write the queue and the table or read them, for the upgrade test of the next version. */
const KEPT = ['events', 'account-api', 'apply', 'resolve'] as const;

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const USAGE = `npm run release -- <version> [--dry-run]

Makes a release: checks the clone, writes the version and the changelog, builds and packs the package with its SHA-256 into
release/, keeps four bundles for the upgrade test of the next version, commits and tags.
--dry-run checks, builds and packs, prints the notes, and changes no file that is committed.
A push of the tag publishes it (.github/workflows/release.yml).`;

async function release(version: string, isTrial: boolean): Promise<void> {
  const { version: current } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const changelog = readFileSync(CHANGELOG, 'utf8');
  const notes = chapterOf(changelog, UNRELEASED);
  const tags = linesOf(run('git', 'tag', '--list'));
  const changed = linesOf(run('git', 'status', '--porcelain'));
  const faults = faultsOf({ version, current, tags, changed, notes });
  if (faults.length > 0) {
    process.stderr.write(`${faults.join('\n')}\n`);
    process.exitCode = 1;
    return;
  }
  if (!isTrial) writeVersion(version, released(changelog, version, new Date().toISOString().slice(0, 10)));
  const { file, sha256, bytes } = await pack(version);
  process.stdout.write(`${notes}\n\n${file}: ${bytes} bytes, SHA-256 ${sha256}\n`);
  if (isTrial) return;
  keepBundles(version);
  run('git', 'add', '--all');
  run('git', 'commit', '--quiet', '-m', `chore: release ${version}`);
  run('git', 'tag', '--annotate', `v${version}`, '-m', `${version}\n\nSHA-256 of the tarball: ${sha256}`);
  process.stdout.write(`v${version} is committed and tagged. Publish it: git push --follow-tags\n`);
}

/** Writes the version where npm has it, and the changelog. */
function writeVersion(version: string, changelog: string): void {
  run('npm', 'version', version, '--no-git-tag-version', '--allow-same-version');
  writeFileSync(CHANGELOG, changelog);
}

/** Builds and packs the package under a version. */
async function pack(version: string): Promise<{ file: string; sha256: string; bytes: number }> {
  const { name } = await build(version);
  mkdirSync(PACKED, { recursive: true });
  run('npm', 'pack', DIST, '--pack-destination', PACKED, '--loglevel=error');
  const file = `${name}-${version}.tgz`;
  const content = readFileSync(join(PACKED, file));
  const sha256 = createHash('sha256').update(content).digest('hex');
  writeFileSync(join(PACKED, `${file}.sha256`), `${sha256}  ${file}\n`);
  return { file: join('release', file), sha256, bytes: content.length };
}

/** Replaces the kept bundles of the release before. */
function keepBundles(version: string): void {
  const releases = join(root, 'test/releases');
  const folder = join(releases, version);
  rmSync(releases, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const door of KEPT)
    writeFileSync(
      join(folder, `${door}.js.gz`),
      gzipSync(readFileSync(join(DIST, 'bundles', door, 'index.js')), { level: 9 }),
    );
}

const { values, positionals } = parseArgs({
  options: { 'dry-run': { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [version] = positionals;
if (version === undefined || positionals.length > 1 || values.help) process.stdout.write(`${USAGE}\n`);
else await release(version, values['dry-run']);
