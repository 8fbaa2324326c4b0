import type { SQSEvent } from 'aws-lambda';
import { type Door, MEMORY_MB, type MirrorDoor, TIMEOUT_S } from '../infra/settings.ts';
import type { HttpFunctions } from './http-front.ts';
import type { LocalFunction } from './invocation.ts';

type Worker = LocalFunction<SQSEvent, unknown>;

export type Doors = {
  readonly http: HttpFunctions;
  readonly apply: Worker;
  readonly sweep: LocalFunction<unknown, unknown>;
  /** There where an app has a mirror. */
  readonly mirrors?: Readonly<Record<MirrorDoor, Worker>>;
};

/** Loads the deployed functions. Each reads its environment while it is loaded, and that only once in a process. */
export async function loadDoors(hasMirrors: boolean): Promise<Doors> {
  const [events, accountApi, apply, sweep] = await Promise.all([
    import('../functions/events.ts'),
    import('../functions/account-api.ts'),
    import('../functions/apply.ts'),
    import('../functions/sweep.ts'),
  ]);
  return {
    http: {
      events: { ...asDeployed('events'), handler: events.handler },
      'account-api': { ...asDeployed('account-api'), handler: accountApi.handler },
    },
    apply: { ...asDeployed('apply'), handler: apply.handler },
    sweep: { ...asDeployed('sweep'), handler: sweep.handler },
    ...(hasMirrors && { mirrors: await loadMirrorDoors() }),
  };
}

async function loadMirrorDoors(): Promise<Readonly<Record<MirrorDoor, Worker>>> {
  const [mirror, verify] = await Promise.all([import('../functions/mirror.ts'), import('../functions/verify.ts')]);
  return {
    mirror: { ...asDeployed('mirror'), handler: mirror.handler },
    verify: { ...asDeployed('verify'), handler: verify.handler },
  };
}

const asDeployed = (name: Door) => ({ name, timeoutS: TIMEOUT_S[name], memoryMb: MEMORY_MB[name] });
