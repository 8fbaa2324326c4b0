import type { SQSEvent } from 'aws-lambda';
import { type Door, MEMORY_MB, TIMEOUT_S } from '../infra/settings.ts';
import type { HttpFunctions } from './http-front.ts';
import type { LocalFunction } from './invocation.ts';

export type Doors = { readonly http: HttpFunctions; readonly apply: LocalFunction<SQSEvent, unknown> };

/** Loads the deployed functions. Each reads its environment while it is loaded, and that only once in a process. */
export async function loadDoors(): Promise<Doors> {
  const [events, accountApi, apply] = await Promise.all([
    import('../functions/events.ts'),
    import('../functions/account-api.ts'),
    import('../functions/apply.ts'),
  ]);
  return {
    http: {
      events: { ...asDeployed('events'), handler: events.handler },
      'account-api': { ...asDeployed('account-api'), handler: accountApi.handler },
    },
    apply: { ...asDeployed('apply'), handler: apply.handler },
  };
}

const asDeployed = (name: Door) => ({ name, timeoutS: TIMEOUT_S[name], memoryMb: MEMORY_MB[name] });
