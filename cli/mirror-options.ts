import type { Configuration } from '../functions/core/configuration.ts';
import type { MirrorSecrets } from '../local/environment.ts';
import { FAULTS, type Fault } from '../local/hosted/tasks.ts';
import { UserError } from '../local/user-error.ts';
import type { Options, Terminal } from './command.ts';

export const MIRROR_OPTIONS = {
  mirror: {
    help: 'also run a hosted API in the TPNS dialect, which applies calls some seconds later, and mirror the first app with the policy one-per-type to it',
  },
  'mirror-faults': {
    value: 'LIST',
    help: `faults that strike a fifth of the calls to the hosted API: any of ${FAULTS.join(',')}. Default: none`,
  },
  'mirror-secret': {
    value: 'APP=SECRET',
    repeats: true,
    help: 'secret of the hosted API of an app whose configuration has a mirror; may be repeated. Such an app is mirrored for real. Default: none, and the mirror waits',
  },
} as const satisfies Options;

/** Reads --mirror-secret: the secrets by app. Warns of each mirror that has none. */
export function mirrorSecretsIn(
  given: readonly string[],
  { apps }: Configuration,
  { warn }: Pick<Terminal, 'warn'>,
): MirrorSecrets {
  const mirrored = apps.filter(({ mirror }) => mirror !== undefined).map(({ id }) => `${id}`);
  const pairs = given.map((text) => {
    const [, app = '', secret = ''] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (mirrored.includes(app)) return [app, secret] as const;
    throw new UserError('--mirror-secret takes APP=SECRET, where APP is an app of the configuration that has a mirror');
  });
  const secrets: MirrorSecrets = Object.fromEntries(pairs);
  for (const id of mirrored)
    if (secrets[id] === undefined)
      warn(`the mirror of app "${id}" waits for the secret of its hosted API: --mirror-secret ${id}=SECRET`);
  return secrets;
}

/** Reads --mirror-faults. */
export function faultsIn(text: string | undefined, isMirrored: boolean): readonly Fault[] {
  if (text === undefined) return [];
  if (!isMirrored) throw new UserError('--mirror-faults needs --mirror');
  const named = text.split(',');
  const faults = FAULTS.filter((fault) => named.includes(fault));
  if (faults.length === named.length) return faults;
  throw new UserError(`--mirror-faults ${text}: faults are ${FAULTS.join(', ')}`);
}
