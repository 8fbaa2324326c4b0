import { type Child, startChild, textOf } from '../child.ts';

export type Stub = { readonly url: string; readonly stop: Child['stop'] };

/** Starts the stand-in for SQS, DynamoDB and Secrets Manager in a process of its own. */
export async function startStub(): Promise<Stub> {
  const { said, stop } = await startChild('stub/process.ts');
  return { url: textOf(said), stop };
}

/** A queue that takes messages and keeps none. */
export const forgetfulQueue = ({ url }: Pick<Stub, 'url'>): string => `${url}/000000000000/forgetful`;
