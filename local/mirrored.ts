import type { App, Configuration } from '../functions/core/configuration.ts';
import { AppId, Configuration as Configured } from '../functions/core/configuration.ts';
import type { Fault } from './hosted-faults.ts';
import { startHostedProcess } from './hosted-process.ts';
import { startHostedSide } from './hosted-side.ts';
import type { Delays } from './hosted-tasks.ts';
import type { Instance } from './instance.ts';
import { type Local, type LocalOptions, startLocal } from './local.ts';
import { UserError } from './user-error.ts';

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
