import type { Configuration } from '../functions/core/configuration.ts';
import type { MirrorSecrets } from './development-secrets.ts';
import { FAULTS, type Fault } from './hosted-faults.ts';
import { UserError } from './user-error.ts';

/** Options of `npm start` that are about mirrors. */
export const MIRROR_OPTIONS = {
  mirror: { type: 'boolean', default: false },
  'mirror-faults': { type: 'string' },
  'mirror-secret': { type: 'string', multiple: true },
} as const;

export const MIRROR_HELP = `  --mirror       runs a hosted side too, a Bindery in the TPNS dialect that does what it is asked some seconds later, and
                 gives the first app with the policy one-per-type a mirror there
  --mirror-faults late,lost,5xx,reorder
                 what happens to a fifth of the calls to it: any of these
  --mirror-secret APP=SECRET
                 the hosted side's secret of an app that has a mirror in the configuration; may be repeated. Such an app is
                 mirrored for real. Without its secret the mirror waits`;

/** Each given secret by its app. */
export function mirrorSecretsIn(given: readonly string[], { apps }: Configuration): MirrorSecrets {
  const mirrored = apps.filter(({ mirror }) => mirror !== undefined).map(({ id }) => `${id}`);
  const pairs = given.map((text) => {
    const [, app = '', secret = ''] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (mirrored.includes(app)) return [app, secret] as const;
    throw new UserError('--mirror-secret: is APP=SECRET, where APP is an app of the configuration that has a mirror');
  });
  const secrets: MirrorSecrets = Object.fromEntries(pairs);
  for (const id of mirrored)
    if (secrets[id] === undefined)
      console.warn(`the mirror of app "${id}" waits for the secret of its hosted side: --mirror-secret ${id}=SECRET`);
  return secrets;
}

/** The faults named, none unless given. */
export function faultsIn(text: string | undefined, isMirrored: boolean): readonly Fault[] {
  if (text === undefined) return [];
  if (!isMirrored) throw new UserError('--mirror-faults: goes with --mirror');
  const named = text.split(',');
  const faults = FAULTS.filter((fault) => named.includes(fault));
  if (faults.length === named.length) return faults;
  throw new UserError(`--mirror-faults ${text}: faults are ${FAULTS.join(', ')}`);
}
