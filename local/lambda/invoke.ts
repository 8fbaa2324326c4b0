import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context, SQSEvent } from 'aws-lambda';
import type { Configuration } from '../../functions/core/bindery-json.ts';
import { deviceDoors, isQueued } from '../../infra/configuration.ts';
import {
  type DeviceDoor,
  type Door,
  type FixedDoor,
  MEMORY_MB,
  type MirrorDoor,
  TIMEOUT_S,
} from '../../infra/settings.ts';
import { REGION } from '../aws/servers.ts';

export type HttpFunction = LocalFunction<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>;
export type HttpFunctions = Readonly<Record<FixedDoor, HttpFunction>> & DeviceFunctions;

/** The functions of phones and of senders, those that are configured. */
type DeviceFunctions = Readonly<Partial<Record<DeviceDoor, HttpFunction>>>;

type Worker = LocalFunction<SQSEvent, unknown>;

export type Doors = {
  readonly http: HttpFunctions;
  readonly apply: Worker;
  /** Set if a source sends through a queue. */
  readonly intake?: Worker;
  readonly sweep: LocalFunction<unknown, unknown>;
  /** Set if an app has a mirror. */
  readonly mirrors?: Readonly<Record<MirrorDoor, Worker>>;
};

/** Loads the functions that a configuration deploys. Each reads its environment when it is loaded, once in a process. */
export async function loadDoors(configuration: Configuration): Promise<Doors> {
  const [events, accountApi, apply, sweep] = await Promise.all([
    import('../../functions/events.ts'),
    import('../../functions/account-api.ts'),
    import('../../functions/apply.ts'),
    import('../../functions/sweep.ts'),
  ]);
  return {
    http: {
      events: { ...asDeployed('events'), handler: events.handler },
      'account-api': { ...asDeployed('account-api'), handler: accountApi.handler },
      ...(await loadDeviceDoors(deviceDoors(configuration))),
    },
    apply: { ...asDeployed('apply'), handler: apply.handler },
    sweep: { ...asDeployed('sweep'), handler: sweep.handler },
    ...(configuration.sources.some(isQueued) && { intake: await loadIntake() }),
    ...(configuration.apps.some(({ mirror }) => mirror) && { mirrors: await loadMirrorDoors() }),
  };
}

async function loadDeviceDoors(configured: readonly DeviceDoor[]): Promise<DeviceFunctions> {
  const has = (door: DeviceDoor) => configured.includes(door);
  const [devices, resolve] = await Promise.all([
    has('devices') ? import('../../functions/devices.ts') : undefined,
    has('resolve') ? import('../../functions/resolve.ts') : undefined,
  ]);
  return {
    ...(devices && { devices: { ...asDeployed('devices'), handler: devices.handler } }),
    ...(resolve && { resolve: { ...asDeployed('resolve'), handler: resolve.handler } }),
  };
}

const loadIntake = async (): Promise<Worker> => ({
  ...asDeployed('intake'),
  handler: (await import('../../functions/intake.ts')).handler,
});

async function loadMirrorDoors(): Promise<Readonly<Record<MirrorDoor, Worker>>> {
  const [mirror, verify] = await Promise.all([
    import('../../functions/mirror.ts'),
    import('../../functions/verify.ts'),
  ]);
  return {
    mirror: { ...asDeployed('mirror'), handler: mirror.handler },
    verify: { ...asDeployed('verify'), handler: verify.handler },
  };
}

const asDeployed = (name: Door) => ({ name, timeoutS: TIMEOUT_S[name], memoryMb: MEMORY_MB[name] });

/** A function with its deployed settings. */
export type LocalFunction<E, R> = {
  readonly name: string;
  readonly timeoutS: number;
  readonly memoryMb: number;
  readonly handler: (event: E, context: Context) => Promise<R>;
};

/** The function exceeded its timeout. Lambda would end it; here it only goes on unattended. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** Calls a function as Lambda does. Rejects with `TimedOut`, or with the error of the function. */
export async function invoke<E, R>(local: LocalFunction<E, R>, event: E): Promise<R> {
  const over = new AbortController();
  const late = setTimeout(local.timeoutS * 1000, undefined, { signal: over.signal }).then(() => {
    throw new TimedOut(`${local.name} took longer than ${local.timeoutS} s`);
  });
  late.catch(() => {}); // Rejects when it is aborted below.
  try {
    return await Promise.race([local.handler(event, contextOf(local)), late]);
  } finally {
    over.abort();
  }
}

function contextOf({ name, timeoutS, memoryMb }: LocalFunction<never, unknown>): Context {
  const end = performance.now() + timeoutS * 1000;
  return {
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${REGION}:000000000000:function:${name}`,
    memoryLimitInMB: `${memoryMb}`,
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, Math.ceil(end - performance.now())),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}

/** Runs at most `limit` pieces of work at a time. The others wait in their order. */
export function takingTurns(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = limit;
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
