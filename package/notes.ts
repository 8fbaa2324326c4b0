import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chapterOf } from './changelog.ts';

// Prints the chapter of a version in CHANGELOG.md, for the page of the release: `node package/notes.ts 1.2.3`
const [version = ''] = process.argv.slice(2);
const notes = chapterOf(readFileSync(join(import.meta.dirname, '../CHANGELOG.md'), 'utf8'), `## ${version}`);
if (notes === undefined) throw new Error(`CHANGELOG.md has no chapter of version "${version}"`);
process.stdout.write(`${notes}\n`);
