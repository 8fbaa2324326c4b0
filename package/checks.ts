/** The state of the clone that a release begins with. */
export type Clone = {
  readonly version: string;
  /** The version in package.json. */
  readonly current: string;
  readonly tags: readonly string[];
  /** Lines of `git status --porcelain`. */
  readonly changed: readonly string[];
  readonly notes: string | undefined;
};

const SEMVER = /^(\d+)\.(\d+)\.(\d+)(?:-[0-9A-Za-z.-]+)?$/;

/** Returns a line for each reason not to release. */
export function faultsOf({ version, current, tags, changed, notes }: Clone): string[] {
  return [
    ...(SEMVER.test(version) ? [] : [`"${version}" is not a version: give one such as 1.2.3`]),
    ...(tags.includes(`v${version}`) ? [`version ${version} is released already: give a later one`] : []),
    ...(isBefore(version, current) ? [`version ${version} is before ${current}, the one in package.json`] : []),
    ...(changed.length > 0 ? ['files have changes that are not committed: commit them', ...changed] : []),
    ...(notes === undefined ? ['CHANGELOG.md has no changes in the chapter Unreleased: write them'] : []),
  ];
}

function isBefore(one: string, other: string): boolean {
  const [a = [], b = []] = [one, other].map((version) => SEMVER.exec(version)?.slice(1, 4).map(Number));
  const different = a.findIndex((part, i) => part !== b[i]);
  return different !== -1 && (a[different] ?? 0) < (b[different] ?? 0);
}
