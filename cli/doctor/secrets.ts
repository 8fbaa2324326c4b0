import { appSecret } from '../../functions/account-api/wire/credentials.ts';
import type { Configuration } from '../../functions/core/bindery-json.ts';
import { readerSecret } from '../../functions/resolve/reader.ts';
import { hasSecret } from '../../infra/configuration.ts';
import { pascal } from '../../infra/outputs.ts';
import { SOURCE_KINDS } from '../../infra/source-kinds.ts';
import { error, type Finding, ok, warning } from './finding.ts';

/** One credential of the configuration: `decode` throws if a text cannot be its secret, as the function would. */
export type Owner = { readonly output: string; readonly id: string; readonly decode: (text: string) => unknown };

/** Returns the credentials that the configuration asks for. */
export const ownersIn = ({ apps, sources, readers }: Configuration): Owner[] => [
  ...apps.map(({ id }) => ({ output: `SecretOfApp${pascal(id)}`, id, decode: appSecret })),
  ...sources.filter(hasSecret).map(({ id, kind }) => ({
    output: `SecretOfSource${pascal(id)}`,
    id,
    decode: SOURCE_KINDS.get(kind)?.keyOf ?? String,
  })),
  ...readers.map(({ id }) => ({ output: `SecretOfReader${pascal(id)}`, id, decode: readerSecret })),
];

/** Fewer letters than this can be guessed. Generated secrets have 32 or more. */
const SHORTEST = 16;

const PAGE = 'docs/operations/rotate.md';

/** Judges the text of a secret. `where` is the output with its ARN, or the local instance. */
export function judgeText(text: string | undefined, decode: Owner['decode'], where: string): Finding {
  const put = `put a right value: ${PAGE}`;
  if (text === undefined || text.trim() === '') return error(`${where} has no value`, 'its sender is refused', put);
  try {
    decode(text);
  } catch (reason) {
    const why = reason instanceof Error ? reason.message : 'it cannot be decoded';
    return error(`the value of ${where} cannot be a secret`, why, put);
  }
  if (text.trim().length < SHORTEST)
    return warning(`the value of ${where} is short`, `fewer than ${SHORTEST} letters can be guessed`, put);
  return ok(`${where} has a usable value`);
}

/** A version of a secret, with its labels. */
export type Version = { readonly labels: readonly string[]; readonly createdMs: number };

const DAY_MS = 86_400_000;

/** Days after which the value before the newest one should be gone. */
const ROTATION_DAYS = 30;

/** Judges the versions of a secret: the value before the newest one goes on working until it is removed. */
export function judgeVersions(versions: readonly Version[], where: string, nowMs: number): Finding[] {
  const current = versions.find(({ labels }) => labels.includes('AWSCURRENT'));
  const previous = versions.find(({ labels }) => labels.includes('AWSPREVIOUS'));
  const days = Math.floor((nowMs - (current?.createdMs ?? nowMs)) / DAY_MS);
  if (previous === undefined || days <= ROTATION_DAYS) return [];
  const why = `the newest one was put ${days} days ago, and both are accepted`;
  return [warning(`${where} still has its value from before`, why, `remove AWSPREVIOUS: ${PAGE}, After a leak`)];
}
