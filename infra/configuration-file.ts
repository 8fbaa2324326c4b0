import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { Configuration } from '../functions/core/configuration.ts';

/** Reads `bindery.json`. Every problem is one line with the place it is at. */
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
