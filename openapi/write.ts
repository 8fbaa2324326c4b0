import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from './document.ts';

const root = join(import.meta.dirname, '..');
const file = join(root, 'docs/openapi.json');

writeFileSync(file, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
// The formatter has its own opinion on where lines of JSON break.
execFileSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', file]);
