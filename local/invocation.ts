import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import { REGION } from './region.ts';

/** A function as it would be deployed. */
export type LocalFunction<E, R> = {
  readonly name: string;
  readonly timeoutS: number;
  readonly memoryMb: number;
  readonly handler: (event: E, context: Context) => Promise<R>;
};

/** The function took longer than it may. Lambda would have ended it; here it is only no longer waited for. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** Calls a function the way Lambda does. Rejects with `TimedOut`, or with what the function threw. */
export async function invoke<E, R>(local: LocalFunction<E, R>, event: E): Promise<R> {
  const over = new AbortController();
  const late = setTimeout(local.timeoutS * 1000, undefined, { signal: over.signal }).then(() => {
    throw new TimedOut(`${local.name} took longer than ${local.timeoutS} s`);
  });
  late.catch(() => {}); // aborted below: nobody waits for it any more
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
