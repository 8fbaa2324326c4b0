import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { reasonOf, UserError } from '../local/user-error.ts';

/** The parts of an instance that the file has. */
type Described = {
  readonly url: string;
  readonly apps: readonly { readonly id: string; readonly secretKey: string }[];
  readonly sources: readonly { readonly id: string; readonly secret: string }[];
  readonly readers: readonly { readonly id: string; readonly secret: string }[];
};

const FIRST = '# Bindery on this machine. `npx bindery start --env` writes the lines from here';
const LAST = '# to here anew.';

/**
 * Writes address and secrets of an instance into a `.env` file, between two comments. All other lines stay. A name that
 * one of them sets already is left out, and returned.
 */
export function writeEnvFile(instance: Described, file: string): string[] {
  try {
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const others = withoutBlock(before);
    const taken = new Set([...others.matchAll(/^\s*(?:export\s+)?(\w+)\s*=/gm)].map(([, name]) => name));
    const variables = variablesOf(instance);
    const lines = [...variables].filter(([name]) => !taken.has(name)).map(([name, value]) => `${name}=${value}`);
    writeFileSync(file, [...(others === '' ? [] : [others]), FIRST, ...lines, LAST, ''].join('\n'), { mode: 0o600 });
    return [...variables.keys()].filter((name) => taken.has(name));
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${reasonOf(error)}`);
  }
}

/** Text without the lines of an earlier run, and without its last line feed. */
function withoutBlock(text: string): string {
  const lines = text.split(/\r?\n/);
  const [first, last] = [lines.indexOf(FIRST), lines.indexOf(LAST)];
  if (first !== -1 && last > first) lines.splice(first, last - first + 1);
  return lines.join('\n').replace(/\n$/, '');
}

/** The names of the secrets are those of the outputs of the stack, in the spelling of variables. */
const variablesOf = ({ url, apps, sources, readers }: Described): Map<string, string> =>
  new Map([
    ['BINDERY_URL', url],
    ...sources.map(({ id, secret }) => [`BINDERY_SECRET_OF_SOURCE_${upper(id)}`, secret] as const),
    ...apps.map(({ id, secretKey }) => [`BINDERY_SECRET_OF_APP_${upper(id)}`, secretKey] as const),
    ...readers.map(({ id, secret }) => [`BINDERY_SECRET_OF_READER_${upper(id)}`, secret] as const),
  ]);

const upper = (id: string): string => id.replaceAll('-', '_').toUpperCase();
