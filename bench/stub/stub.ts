import { type Child, startChild, textFrom } from '../child.ts';

export type Stub = { readonly url: string; readonly stop: Child['stop'] };

/** Starts the stand-in for SQS, DynamoDB and Secrets Manager. */
export const startStub = (): Promise<Stub> => started('stub/aws-process.ts');

/** Starts a hosted Account API that answers after a time (ms). */
export const startHostedApi = (latencyMs: number): Promise<Stub> => started('stub/hosted-process.ts', [`${latencyMs}`]);

async function started(file: string, args: readonly string[] = []): Promise<Stub> {
  const { ready, stop } = await startChild(file, args);
  return { url: textFrom(ready), stop };
}

/** The URL of a queue that accepts messages and keeps none. */
export const forgetfulQueue = ({ url }: Pick<Stub, 'url'>): string => `${url}/000000000000/forgetful`;
