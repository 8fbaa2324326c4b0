import { Console } from 'node:console';

/** Returns a console that writes each object as Lambda does, as one line of JSON; and all else, such as errors, as Node does. */
export function lineConsole(stdout: NodeJS.WritableStream): Console {
  const lines = new Console({ stdout });
  const plain = new Console({ stdout });
  for (const level of ['info', 'warn', 'error'] as const)
    lines[level] = (...values: unknown[]) => {
      const [line] = values;
      if (!isPlain(line)) return plain[level](...values);
      stdout.write(`${JSON.stringify({ timestamp: new Date(), level: level.toUpperCase(), message: line })}\n`);
    };
  return lines;
}

const isPlain = (value: unknown): boolean => Object.getPrototypeOf(Object(value)) === Object.prototype;
