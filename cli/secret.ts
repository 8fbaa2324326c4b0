import { readFileSync } from 'node:fs';
import { reasonOf, UserError } from '../local/user-error.ts';

/** Returns a secret that was given as an option. `@FILE` names a file, so that no process list shows the secret. */
export function secretIn(text: string): string;
export function secretIn(text: string | undefined): string | undefined;
export function secretIn(text: string | undefined): string | undefined {
  if (!text?.startsWith('@')) return text;
  try {
    return readFileSync(text.slice(1), 'utf8').trim();
  } catch (error) {
    throw new UserError(`the secret in ${text.slice(1)} cannot be read: ${reasonOf(error)}`);
  }
}
