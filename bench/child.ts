import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export type Child = {
  /** The first thing it said. */
  readonly said: unknown;
  /** Sends a question and waits for what it says next. */
  readonly ask: (question: unknown) => Promise<unknown>;
  readonly stop: () => Promise<void>;
};

/** Runs a file of this folder as a process, which says something once it is ready and ends when it is disconnected. */
export async function startChild(file: string, args: readonly string[] = [], env = process.env): Promise<Child> {
  const child = fork(join(import.meta.dirname, file), args, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const answer = async (): Promise<unknown> => {
    const ended = exited.then(([code]) => {
      throw new Error(`${file} ended with ${code} before it answered`);
    });
    ended.catch(() => {}); // ends in its time too, when nobody waits for an answer
    const [message] = await Promise.race([once(child, 'message'), ended]);
    return message;
  };
  return {
    said: await answer(),
    ask: (question) => {
      const answered = answer();
      child.send(question as object); // what process.send takes: anything that JSON can say
      return answered;
    },
    stop: async () => {
      child.disconnect();
      await exited;
    },
  };
}

/** What a child says where it is a text. */
export function textOf(said: unknown): string {
  if (typeof said !== 'string') throw new Error('a process said something else than a text');
  return said;
}
