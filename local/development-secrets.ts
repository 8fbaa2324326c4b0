import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Configuration } from '../functions/core/configuration.ts';
import type { Versions } from './secrets-server.ts';
import { UserError } from './user-error.ts';

const Secrets = z.object({ apps: z.record(z.string(), z.string()), sources: z.record(z.string(), z.string()) });

/** The text of each app's and each source's secret, by its id. */
export type Secrets = z.infer<typeof Secrets>;

/** A secret for each app and each source: those kept in the folder, and new ones for whoever has none yet. */
export function developmentSecrets({ apps, sources }: Configuration, folder?: string): Secrets {
  const file = folder === undefined ? undefined : join(folder, 'secrets.json');
  const kept = file === undefined ? NONE : keptIn(file);
  const secrets = {
    apps: { ...kept.apps, ...missing(apps, kept.apps, () => alphanumerics(32)) },
    // 44 letters and digits are also base64, of 33 bytes: what Standard Webhooks asks of a secret.
    sources: { ...kept.sources, ...missing(sources, kept.sources, () => `whsec_${alphanumerics(44)}`) },
  };
  if (file !== undefined) keep(file, secrets);
  return secrets;
}

const NONE: Secrets = { apps: {}, sources: {} };

const missing = (all: readonly { id: string }[], kept: Readonly<Record<string, string>>, make: () => string) =>
  Object.fromEntries(all.filter(({ id }) => !Object.hasOwn(kept, id)).map(({ id }) => [id, make()]));

function keptIn(file: string): Secrets {
  if (!existsSync(file)) return NONE;
  try {
    return Secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new UserError(`${file} cannot be read as development secrets: delete it to get new ones`);
  }
}

/** Whole or not at all: a process killed while it writes leaves the secrets of before. */
function keep(file: string, secrets: Secrets): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const alphanumerics = (length: number): string =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** Names, by id, under which the secrets stub knows them. */
export const namesOf = (kind: keyof Secrets, secrets: Secrets): Record<string, string> =>
  Object.fromEntries(Object.keys(secrets[kind]).map((id) => [id, nameOf(kind, id)]));

/** What the secrets stub serves. */
export const versionsOf = (secrets: Secrets): ReadonlyMap<string, Versions> =>
  new Map(
    (['apps', 'sources'] as const).flatMap((kind) =>
      Object.entries(secrets[kind]).map(([id, AWSCURRENT]) => [nameOf(kind, id), { AWSCURRENT }] as const),
    ),
  );

const nameOf = (kind: keyof Secrets, id: string): string => `bindery/${kind}/${id}`;
