import { CommanderError, Command as Program } from 'commander';
import { UserError } from '../local/user-error.ts';
import packageJson from '../package.json' with { type: 'json' };
import { type Command, HELP_WIDTH, plain, type Terminal } from './command.ts';

/** A command in the list of `bindery --help`. It is loaded only when it runs: the functions take a while to load. */
type Entry = {
  readonly about: string;
  readonly example: string;
  readonly load: () => Promise<Command>;
};

/** Headings of the list, each with its commands by name. */
export type Groups = Readonly<Record<string, Readonly<Record<string, Entry>>>>;

/** The command `bindery` itself: it lists the commands, and runs the one that is named. */
export const root =
  (groups: Groups): Command =>
  async (terminal) => {
    const chosen = chosenIn(programOf(groups, terminal), terminal.args);
    if (chosen === undefined) return 0;
    const [name, args] = chosen;
    const entry = Object.values(groups).find((entries) => Object.hasOwn(entries, name))?.[name];
    if (entry === undefined) throw new Error(`bug: no command "${name}"`);
    return (await entry.load())({ ...terminal, args });
  };

type Chosen = readonly [name: string, args: readonly string[]];

function programOf(groups: Groups, { print }: Terminal): Program {
  const program = new Program('bindery')
    .description(
      'Which account is signed in on which device: commands for an instance here or a deployment of Bindery.',
    )
    .version(packageJson.version, '--version', 'print the version')
    .helpOption('--help', 'print this text; after the name of a command, print its options')
    .helpCommand(false)
    .usage('<command> [options]')
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: () => {},
      getOutHelpWidth: () => HELP_WIDTH,
    });
  for (const [heading, entries] of Object.entries(groups))
    for (const [name, { about, example }] of Object.entries(entries))
      program
        .command(name)
        .helpGroup(`${heading}:`)
        .description(`${about}\n  ${example}`)
        .helpOption(false)
        .argument('[args...]')
        .allowUnknownOption()
        .passThroughOptions();
  return program;
}

/** Returns the command that is named and its arguments; undefined if help or version was asked for, and is printed. */
function chosenIn(program: Program, args: readonly string[]): Chosen | undefined {
  let chosen: Chosen | undefined;
  for (const command of program.commands)
    command.action((own: readonly string[]) => {
      chosen = [command.name(), own];
    });
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.help') throw new UserError('Give a command: `bindery --help` lists them.');
    if (error.exitCode !== 0) throw new UserError(`${plain(error.message)}. Run with --help.`);
  }
  return chosen;
}
