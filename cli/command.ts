import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UserError } from '../local/user-error.ts';

/** Runs a command of ours. What the user can put right is said line by line, with exit code 1; a bug keeps its stack. */
export async function runCommand(command: () => Promise<unknown>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const line of error.lines) process.stderr.write(`${line}\n`);
    process.exitCode = 1;
  }
}

/** `parseArgs`, but whatever is wrong with the arguments is the user's to put right. */
export function argumentsOf<const T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    // https://nodejs.org/api/errors.html#err_parse_args_unknown_option: the first sentence says what is wrong.
    if (error instanceof TypeError) throw new UserError(`${error.message.split('. ')[0]}: see --help`);
    throw error;
  }
}
