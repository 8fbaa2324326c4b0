import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { Configuration } from '../functions/core/bindery-json.ts';
import { Source } from '../functions/core/configuration.ts';
import { faultsOf } from '../functions/events/source.ts';
import { nearestName } from './nearest-name.ts';
import type { DeviceDoor, HttpDoor } from './settings.ts';
import { SOURCE_KINDS } from './source-kinds.ts';
import { DEFAULT_STAGE, Stages } from './stages.ts';

/** Tests that a source has a secret: one that we generate, or one that an operator puts in the place of the generated. */
export const hasSecret = ({ kind }: Configuration['sources'][number]): boolean =>
  SOURCE_KINDS.get(kind)?.keyOf !== undefined;

/** Tests that a source sends through a queue, under IAM. */
export const isQueued = ({ kind }: Source): boolean => SOURCE_KINDS.get(kind)?.credential === 'iam';

/** The content of `bindery.json`: what functions read, and what only the deployment does. */
export type Content = { configuration: Configuration; stages: Stages };

/** A value as a user writes it: without the brands that only a parser gives. */
type Written<T> = T extends string
  ? T extends z.core.$brand
    ? string
    : T
  : T extends number
    ? T extends z.core.$brand
      ? number
      : T
    : T extends object
      ? { readonly [K in keyof T]: Written<T[K]> }
      : T;

/** `bindery.json` as a user writes it (docs/configuration.md). */
export type BinderyJson = Written<z.input<typeof Configuration>> & { readonly stages?: z.input<typeof Stages> };

/** Reads `bindery.json`. Returns its content, or a line for each problem with its place in the file. */
export function readConfiguration(file: string): Content | { problems: string[] } {
  const read = readJson(file);
  if ('problem' in read) return { problems: [`${file}: ${read.problem}`] };
  const content = contentOf(read.json);
  return 'problems' in content ? { problems: content.problems.map((problem) => `${file}: ${problem}`) } : content;
}

/** Checks the content of `bindery.json`. Returns it with its defaults, or a line for each problem with its place. */
export function contentOf(json: unknown): Content | { problems: string[] } {
  const { stages: given = { [DEFAULT_STAGE]: {} }, ...rest }: Record<string, unknown> = Object(json);
  const read = Configuration.safeParse(rest);
  const staged = z.object({ stages: Stages }).safeParse({ stages: given });
  const issues = [read, staged].flatMap(({ error }) => error?.issues ?? []);
  const problems = [...issues.map(({ path, message }) => `${place(path)}${message}`), ...kindProblems(rest['sources'])];
  if (!read.success || !staged.success) return { problems };
  const content = { configuration: read.data, stages: staged.data.stages };
  const more = [...problems, ...straySecrets(content)];
  return more.length > 0 ? { problems: more } : content;
}

/** Returns a line for each fault that kinds find in their sources, also if other parts of the file have faults. */
const kindProblems = (sources: unknown): string[] =>
  (Array.isArray(sources) ? sources : []).flatMap((given, index) => {
    const source = Source.safeParse(given);
    return source.success ? sourceProblems(source.data, index) : [];
  });

/** Returns a line for each fault of a source that its kind finds. */
function sourceProblems(source: Configuration['sources'][number], index: number): string[] {
  const kind = SOURCE_KINDS.get(source.kind);
  if (kind !== undefined)
    return faultsOf(source, kind).map(({ path, message }) => `sources[${index}].${path}: ${message}`);
  const names = [...SOURCE_KINDS.keys()];
  const nearest = nearestName(source.kind, names);
  const hint = nearest === undefined ? `kinds are ${names.join(', ')}` : `perhaps "${nearest}"`;
  return [`sources[${index}].kind: there is no kind "${source.kind}": ${hint}`];
}

/** Returns a line for each secret that is named for an app, a source or a reader that does not exist. */
const straySecrets = ({ configuration, stages }: Content): string[] =>
  Object.entries(stages).flatMap(([stage, { secretArns }]) =>
    (['apps', 'sources', 'readers'] as const).flatMap((kind) => {
      const ids = configuration[kind].map(({ id }) => `${id}`);
      const strays = Object.keys(secretArns[kind]).filter((id) => !ids.includes(id));
      return strays.map((id) => `stages.${stage}.secretArns.${kind}: "${id}" is not in "${kind}"`);
    }),
  );

const place = (path: PropertyKey[]): string => (path.length === 0 ? '' : `${z.core.toDotPath(path)}: `);

function readJson(file: string): { json: unknown } | { problem: string } {
  try {
    return { json: JSON.parse(readFileSync(file, 'utf8')) };
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: `is not JSON: ${error.message}` };
    return { problem: existsSync(file) ? 'cannot be read' : 'does not exist' };
  }
}

/** Returns the doors that the configuration has clients for: phones that sign in, and readers. */
export const deviceDoors = ({ identities, sources, readers }: Configuration): DeviceDoor[] => [
  ...(identities.length > 0 || sources.some(({ tickets }) => tickets) ? (['devices'] as const) : []),
  ...(readers.length > 0 ? (['resolve'] as const) : []),
];

/** A source as `devices` needs it, to verify tickets. */
const ofTickets = ({ id, kind, apps, accountType, tickets }: Source) =>
  tickets ? [{ id, kind, apps, accountType, tickets }] : [];

/** Options of a source, unless there are none. */
const shown = (options: object) => (Object.keys(options).length > 0 ? { options } : {});

/**
 * Returns the part of the configuration that an HTTP door or `intake` reads, as text for its environment. A door gets no
 * more than that: Lambda allows 4 KB for all variables of a function, and the ARNs of secrets take most of it.
 */
export function configurationFor(
  door: HttpDoor | 'intake',
  { apps, sources, identities, readers }: Configuration,
): string {
  const ownApps = apps.map(({ mirror, ...app }) =>
    door === 'account-api' && mirror?.passThrough ? { ...app, mirror } : app,
  );
  const received = (some: readonly Source[]) => ({
    sources: some.map(({ tickets: _, options, ...source }) => ({ ...source, ...shown(options) })),
  });
  const more: Readonly<Record<typeof door, object>> = {
    events: received(sources.filter((source) => !isQueued(source))),
    intake: received(sources.filter(isQueued)),
    'account-api': {},
    devices: { identities, sources: sources.flatMap(ofTickets) },
    resolve: { readers },
  };
  return JSON.stringify({ apps: ownApps, ...more[door] });
}
