/** The heading of the chapter that a release takes. */
export const UNRELEASED = '## Unreleased';

/** Returns the text of a chapter, without its heading; undefined if it is missing or empty. */
export function chapterOf(changelog: string, heading: string): string | undefined {
  const chapter = changelog
    .split(/^(?=## )/m)
    .find((text) => text === heading || /^[ \n]/.test(text.split(heading)[1] ?? ''));
  const [, ...lines] = (chapter ?? '').split('\n');
  return lines.join('\n').trim() || undefined;
}

/** Returns the changelog with the unreleased changes as the chapter of a version, and a new empty chapter before it. */
export const released = (changelog: string, version: string, date: string): string =>
  changelog.replace(UNRELEASED, `${UNRELEASED}\n\n## ${version} (${date})`);
