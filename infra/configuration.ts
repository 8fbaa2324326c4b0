import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { Configuration } from '../functions/core/configuration.ts';
import type { HttpDoor } from './settings.ts';

/** Reads `bindery.json`. Returns the configuration, or a line for each problem with its place in the file. */
export function readConfiguration(file: string): { configuration: Configuration } | { problems: string[] } {
  const read = readJson(file);
  if ('problem' in read) return { problems: [`${file}: ${read.problem}`] };
  const result = Configuration.safeParse(read.json);
  if (result.success) return { configuration: result.data };
  return { problems: result.error.issues.map((issue) => `${file}: ${place(issue.path)}${issue.message}`) };
}

const place = (path: PropertyKey[]): string => (path.length === 0 ? '' : `${z.core.toDotPath(path)}: `);

function readJson(file: string): { json: unknown } | { problem: string } {
  try {
    return { json: JSON.parse(readFileSync(file, 'utf8')) };
  } catch (error) {
    return { problem: error instanceof SyntaxError ? `is not JSON: ${error.message}` : 'cannot be read' };
  }
}

/**
 * Returns the part of the configuration that an HTTP door reads, as text for its environment. A door gets no more than
 * that: Lambda allows 4 KB for all variables of a function, and the ARNs of secrets take most of it.
 */
export function configurationFor(door: HttpDoor, { apps, sources }: Configuration): string {
  const ownApps = apps.map(({ mirror: _, ...app }) => app);
  return JSON.stringify(door === 'events' ? { apps: ownApps, sources } : { apps: ownApps });
}
