import type { Configuration } from '../functions/core/configuration.ts';
import type { HttpDoor } from './settings.ts';

/**
 * The part of the configuration that a door reads, as text for its environment. Lambda allows 4 KB for all variables of
 * a function, and most of that goes to where the secrets are.
 */
export function configurationFor(door: HttpDoor, { apps, sources }: Configuration): string {
  const ownApps = apps.map(({ mirror: _, ...app }) => app);
  return JSON.stringify(door === 'events' ? { apps: ownApps, sources } : { apps: ownApps });
}
