import type middy from '@middy/core';

export type Line = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes one structured line. Callers never pass an account or a token. */
export type Log = (level: 'info' | 'warn' | 'error', message: string, line: Line) => void;

/** A log whose lines have the name of the door. */
export const logOf =
  (stage: string): Log =>
  (level, message, line) =>
    log(level, message, { stage, ...line });

export const log: Log = (level, message, line) => {
  // An object, not its JSON: Lambda's log format would put a text into quotes, and no filter would see its fields.
  // biome-ignore lint/suspicious/noConsole: Lambda reads the log from the console.
  console[level]({ message, ...line });
};

/** An error for the log: its name and its stack without its text, which may quote data. */
export const errorLine = (error: unknown): Line => {
  if (!(error instanceof Error)) return { error: typeof error };
  // The stack begins with the text, whose lines may look like lines of the stack.
  const stack = (error.stack ?? '').replace(error.message, '').split('\n');
  const places = stack.map((line) => line.trim()).filter((line) => line.startsWith('at '));
  return { error: error.name, stack: places.join('; ') };
};

/** Logs each bug that stops an invocation, with the fields of its event. The bug goes on to the next middleware. */
export const logBugs = <Event>(
  log: Log,
  fieldsOf: (event: Event) => Line = () => ({}),
): middy.MiddlewareObj<Event> => ({
  onError: ({ event, error }) => {
    log('error', 'bug', { ...fieldsOf(event), ...errorLine(error) });
  },
});
