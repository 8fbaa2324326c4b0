import { type Command, runCommand } from './command.ts';
import { lineConsole } from './line-console.ts';

/** The commands of the npm scripts. Each is loaded only when it runs, because the functions take a while to load. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).start,
  send: async () => (await import('./send.ts')).send,
  query: async () => (await import('./query.ts')).query,
  token: async () => (await import('./token.ts')).token,
  doctor: async () => (await import('./doctor/doctor.ts')).doctor,
  dlq: async () => (await import('./dlq/dlq.ts')).dlq(),
  import: async () => (await import('./import/import.ts')).importing,
  trial: async () => (await import('./trial/trial.ts')).trial,
};

// Standard output is for the answer of a command. Logs of the functions go to standard error.
globalThis.console = lineConsole(process.stderr);

const [name = '', ...args] = process.argv.slice(2);
const load = COMMANDS[name];
if (load === undefined) throw new Error(`bug: no npm script runs the command "${name}"`);
await runCommand(await load(), args);
