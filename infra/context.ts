import type { App } from 'aws-cdk-lib';
import { nearestName } from './nearest-name.ts';
import { DEFAULT_STAGE, Stage } from './stages.ts';

/** Options of the command line. All others are in bindery.json, which is committed. */
export const CONTEXT_NAMES = ['stage', 'config'] as const;

/** Context of the CDK itself: its flags and caches have a `:` or `/`, and its command line writes these two. */
const isOfCdk = (key: string): boolean =>
  /[:/]/.test(key) || ['acknowledged-issue-numbers', 'cli-telemetry'].includes(key);

/** Reads the options of the command line, given as `-c name=value`. Returns them, or a line for each that is not known. */
export function readContext(app: App): { stage: string; config: string } | { problems: string[] } {
  const given: Record<string, unknown> = app.node.getAllContext();
  const problems = Object.keys(given)
    .filter((key) => !isOfCdk(key) && !CONTEXT_NAMES.some((name) => name === key))
    .map((key) => `-c ${key}: ${advice(key)}`);
  if (problems.length > 0) return { problems };
  const { stage = DEFAULT_STAGE, config = 'bindery.json' } = given;
  return { stage: `${stage}`, config: `${config}` };
}

function advice(key: string): string {
  const nearest = nearestName(key, [...CONTEXT_NAMES, ...Object.keys(Stage.shape)]);
  if (nearest === undefined) return 'is not known. Only -c stage= and -c config= are';
  if (CONTEXT_NAMES.some((name) => name === nearest)) return `is not known. Did you mean -c ${nearest}=?`;
  return `is not known. Put "${nearest}" into a stage of "stages" in bindery.json`;
}
