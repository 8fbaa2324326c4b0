import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export type Child = {
  /** The first message, which the process sends when it is ready. */
  readonly ready: unknown;
  /** Sends a question and returns the next message. */
  readonly ask: (question: unknown) => Promise<unknown>;
  readonly stop: () => Promise<void>;
};

/** Runs a file of `bench/` as a process. It sends a message when it is ready and ends when it is disconnected. */
export async function startChild(file: string, args: readonly string[] = []): Promise<Child> {
  const child = fork(join(import.meta.dirname, file), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--expose-gc'],
  });
  const exited = once(child, 'exit');
  const nextMessage = async (): Promise<unknown> => {
    const ended = exited.then(([code]) => {
      throw new Error(`${file} ended with ${code} before it answered`);
    });
    ended.catch(() => {}); // rejects at the regular end too, after the race is over
    const [message] = await Promise.race([once(child, 'message'), ended]);
    return message;
  };
  return {
    ready: await nextMessage(),
    ask: (question) => {
      const answered = nextMessage();
      child.send(question as object); // process.send takes every JSON value; its type knows objects only
      return answered;
    },
    stop: async () => {
      child.disconnect();
      await exited;
    },
  };
}

/** Returns a child's message that has to be a text, such as a URL. */
export function textFrom(message: unknown): string {
  if (typeof message !== 'string') throw new Error(`bug: a child sent ${JSON.stringify(message)} in place of a text`);
  return message;
}
