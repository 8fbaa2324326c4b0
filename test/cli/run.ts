import { type Command, exitCodeOf } from '../../cli/command.ts';

type Surroundings = {
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
};

/** Runs a command in this process and returns its exit code and its output. */
export async function run(command: Command, args: readonly string[], { folder, environment = {} }: Surroundings) {
  let [out, err] = ['', ''];
  const code = await exitCodeOf(command, {
    args,
    folder,
    environment,
    print: (text) => {
      out += `${text}\n`;
    },
    warn: (text) => {
      err += `${text}\n`;
    },
    interrupt: () => new AbortController().signal,
  });
  return { code, out, err };
}
