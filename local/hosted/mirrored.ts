import {
  type App,
  AppId,
  type Configuration,
  Configuration as Configured,
} from '../../functions/core/configuration.ts';
import type { Instance } from '../description.ts';
import type { MirrorSecrets } from '../environment.ts';
import { type Local, type LocalOptions, startLocal } from '../instance.ts';
import { UserError } from '../user-error.ts';
import { startHostedProcess } from './process.ts';
import { startHostedSide } from './server.ts';
import { type Delays, FAULTS, type Fault } from './tasks.ts';

export type MirroredOptions = LocalOptions & {
  readonly faults: readonly Fault[];
  readonly delays?: Delays;
  /** Longer than any task takes (s). */
  readonly settleS?: number;
};

/** An accepted task is done within two seconds, a late one within eight. */
const DELAYS: Delays = { usualMs: 2_000, lateMs: 8_000 };
export const SETTLE_S = 10;

/** One process does what four executions share deployed: it may make all their calls. */
const CALLS_PER_S = 100;

/** The app's name on the hosted side, where it is the only one. */
const HOSTED = AppId.parse('hosted');

/** A local instance and a hosted side, to which a mirror makes one of its apps equal. */
export async function startMirrored(options: MirroredOptions): Promise<Local> {
  const { configuration, faults, delays = DELAYS, settleS = SETTLE_S } = options;
  const app = mirrorable(configuration);
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    await Promise.all(stops.splice(0).map((each) => each()));
  };
  try {
    const hosted = { id: HOSTED, dialect: 'tpns', policy: app.policy, platform: app.platform } as const;
    const upstream = await startHostedProcess(hosted, options.data);
    stops.push(upstream.stop);
    const secret = upstream.secretKey;
    const side = await startHostedSide({ upstream: upstream.url, app: HOSTED, secret, delays, faults });
    stops.push(side.stop);
    const local = await startLocal({
      ...options,
      configuration: withMirror(configuration, app, { url: side.url, settleS }),
      mirrorSecrets: { ...options.mirrorSecrets, [app.id]: secret },
    });
    stops.push(local.stop);
    return {
      ...local,
      mirror: { url: side.url, app: { ...hosted, secretKey: secret } } satisfies Instance['mirror'],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The first app that a mirror of TPNS can be made of. */
function mirrorable({ apps }: Configuration): App {
  const app = apps.find(({ policy, mirror }) => policy === 'one-per-type' && mirror === undefined);
  if (app !== undefined) return app;
  throw new UserError('--mirror needs an app without a mirror whose policy is "one-per-type", as TPNS has it');
}

const withMirror = (configuration: Configuration, { id }: App, at: { url: string; settleS: number }): Configuration =>
  Configured.parse({
    ...configuration,
    apps: configuration.apps.map((app) =>
      app.id === id ? { ...app, mirror: { app: HOSTED, dialect: 'tpns', callsPerS: CALLS_PER_S, ...at } } : app,
    ),
  });

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
