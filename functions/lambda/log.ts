import type middy from '@middy/core';

export type Line = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes one structured line. The only place that writes to the log; callers never pass an account or a token. */
export type Log = (level: 'info' | 'warn' | 'error', message: string, line: Line) => void;

/** The log of one stage of a request's way: the door that writes. */
export const logOf =
  (stage: string): Log =>
  (level, message, line) =>
    log(level, message, { stage, ...line });

export const log: Log = (level, message, line) => {
  // An object, not its JSON: Lambda's log format would put a text into quotes, and no filter would see its fields.
  // biome-ignore lint/suspicious/noConsole: Lambda reads the log from the console.
  console[level]({ message, ...line });
};

/** An error as a log may show it: its name and where it was thrown. Its text may quote data and is left out. */
export const errorLine = (error: unknown): Line => {
  if (!(error instanceof Error)) return { error: typeof error };
  // The stack begins with the text, which may have lines that look like the stack's.
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
