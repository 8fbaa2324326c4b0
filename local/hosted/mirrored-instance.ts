import type { Configuration } from '../../functions/core/bindery-json.ts';
import { Configuration as Configured } from '../../functions/core/bindery-json.ts';
import { type App, AppId } from '../../functions/core/configuration.ts';
import type { Instance } from '../description.ts';
import { type Local, type LocalOptions, startLocal } from '../instance.ts';
import { UserError } from '../user-error.ts';
import { startHostedApi } from './api.ts';
import type { Delays, Fault } from './tasks.ts';
import { startUpstream } from './upstream.ts';

export type MirroredOptions = LocalOptions & {
  readonly faults: readonly Fault[];
  /** Default: two seconds for a task, eight for a late one. */
  readonly delays?: Delays;
  /** Longer than any task takes (s). Default: 10. */
  readonly settleS?: number;
};

const DELAYS: Delays = { usualMs: 2_000, lateMs: 8_000 };
export const SETTLE_S = 10;

/** The deployed app shares its rate among four executions. Here one process makes all their calls. */
const CALLS_PER_S = 100;

/** The id of the only app of the hosted API. */
const HOSTED = AppId.parse('hosted');

/** Starts a hosted API and a local instance that mirrors one of its apps there. */
export async function startMirrored(options: MirroredOptions): Promise<Local> {
  const { configuration, faults, delays = DELAYS, settleS = SETTLE_S } = options;
  const app = mirrorable(configuration);
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    await Promise.all(stops.splice(0).map((each) => each()));
  };
  try {
    const hosted = { id: HOSTED, dialect: 'tpns', policy: app.policy, platform: app.platform } as const;
    const upstream = await startUpstream(hosted, options);
    stops.push(upstream.stop);
    const secret = upstream.secretKey;
    const api = await startHostedApi({ upstream: upstream.url, app: HOSTED, secret, delays, faults });
    stops.push(api.stop);
    const local = await startLocal({
      ...options,
      configuration: withMirror(configuration, app, { url: api.url, settleS }),
      mirrorSecrets: { ...options.mirrorSecrets, [app.id]: secret },
    });
    stops.push(local.stop);
    return {
      ...local,
      mirror: { url: api.url, app: { ...hosted, secretKey: secret } } satisfies Instance['mirror'],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns the first app that can be mirrored to TPNS. */
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
