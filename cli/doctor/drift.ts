import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { Configuration } from '../../functions/core/bindery-json.ts';
import { App } from '../../functions/core/configuration.ts';
import { configurationFor, deviceDoors, isQueued } from '../../infra/configuration.ts';
import { type Door, TIMEOUT_S } from '../../infra/settings.ts';
import { error, type Finding, ok, warning } from './finding.ts';

/** A deployed function: its variables, or the reason why AWS does not show them. */
export type DeployedFunction = { readonly variables: Readonly<Record<string, string>> } | { readonly hidden: string };

/** Returns the door of a function by its logical id: `Bindery`, the letters of the door, and eight of a digest. */
export const doorOf = (logicalId: string): Door | undefined =>
  DOORS.find((door) => logicalId.slice(0, -8) === `Bindery${door.replace('-', '')}`);

// `TIMEOUT_S` has every door.
const DOORS = Object.keys(TIMEOUT_S) as Door[];

/** Doors that read `BINDERY_CONFIG`. */
type Configured = Parameters<typeof configurationFor>[0];

/** Returns the functions that the stack of a configuration has. */
export const functionsOf = (configuration: Configuration): Door[] => [
  ...(['events', 'account-api', 'apply', 'sweep'] as const),
  ...deviceDoors(configuration),
  ...(configuration.sources.some(isQueued) ? (['intake'] as const) : []),
  ...(configuration.apps.some(({ mirror }) => mirror) ? (['mirror', 'verify'] as const) : []),
];

const CONFIGURED: readonly Door[] = ['events', 'account-api', 'devices', 'resolve', 'intake'] satisfies Configured[];
const isConfigured = (door: Door): door is Configured => CONFIGURED.includes(door);

const DEPLOY = 'commit bindery.json and deploy it; or check out the one that is deployed';

/** Judges the functions by the configuration: those that are missing or too many, and what each was deployed with. */
export function judgeFunctions(configuration: Configuration, deployed: ReadonlyMap<Door, DeployedFunction>): Finding[] {
  const expected = functionsOf(configuration);
  const missing = expected.filter((door) => !deployed.has(door));
  const stray = [...deployed.keys()].filter((door) => !expected.includes(door));
  const drifts = [...deployed].flatMap(([door, one]) =>
    stray.includes(door) ? [] : judgeOne(configuration, door, one),
  );
  const findings = [
    ...missing.map((door) => error(`the function ${door} is not deployed`, 'bindery.json needs it', DEPLOY)),
    ...stray.map((door) => warning(`the function ${door} is deployed`, 'bindery.json does not need it', DEPLOY)),
    ...drifts,
  ];
  return findings.length > 0 ? findings : [ok('all functions are deployed with this bindery.json')];
}

function judgeOne(configuration: Configuration, door: Door, deployed: DeployedFunction): Finding[] {
  if ('hidden' in deployed)
    return [
      warning(`not checked: the variables of ${door}`, deployed.hidden, 'allow kms:Decrypt, or another --profile'),
    ];
  const places = placesOf(configuration, door, deployed.variables);
  if (places.length === 0) return [];
  const shown = [...places.slice(0, MOST_SHOWN), ...(places.length > MOST_SHOWN ? ['…'] : [])].join(', ');
  return [
    warning(`the function ${door} was deployed with another bindery.json: ${shown}`, 'it uses the other', DEPLOY),
  ];
}

const MOST_SHOWN = 5;

function placesOf(configuration: Configuration, door: Door, variables: Readonly<Record<string, string>>): string[] {
  if (isConfigured(door))
    return differences(JSON.parse(configurationFor(door, configuration)), jsonIn(variables['BINDERY_CONFIG']), '');
  if (door !== 'mirror' && door !== 'verify') return [];
  const sites = Sites.safeParse(jsonIn(variables['MIRRORS'])).data ?? [];
  const mirrored = configuration.apps.filter(({ mirror }) => mirror);
  return differences(byId(mirrored), byId(sites.map(({ app }) => app)), 'mirrors');
}

/** The deployed entries leave defaults out; parsing puts them in again. */
const Sites = z.array(z.object({ app: App }));

const byId = (apps: readonly { readonly id: string }[]) => Object.fromEntries(apps.map((app) => [app.id, app]));

/** Returns the places where two values of JSON differ, such as `apps[1].policy`. */
export function differences(ours: unknown, theirs: unknown, at: string): string[] {
  if (isDeepStrictEqual(ours, theirs)) return [];
  if (!isObject(ours) || !isObject(theirs)) return [at === '' ? 'all of it' : at];
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const placeOf = (key: string) => (Array.isArray(ours) ? `${at}[${key}]` : `${at === '' ? '' : `${at}.`}${key}`);
  return [...keys].flatMap((key) => differences(ours[key], theirs[key], placeOf(key)));
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function jsonIn(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
