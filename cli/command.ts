import { CommanderError, Option as Flag, InvalidArgumentError, Command as Program } from 'commander';
import { fileFaultOf, UserError } from '../local/user-error.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** The surroundings of a command. A test gives its own. */
export type Terminal = {
  readonly args: readonly string[];
  readonly environment: Variables;
  /** The working directory, where `npm start` leaves the description of its instance. */
  readonly folder: string;
  /** Writes one line, or several joined by line feeds, to standard output. */
  readonly print: (text: string) => void;
  /** Writes to standard error. */
  readonly warn: (text: string) => void;
  /** Aborts with a `UserError` when the user interrupts. Only a command that asks for it outlives the interrupt. */
  readonly interrupt: () => AbortSignal;
};

/** Returns the exit code. Rejects with `UserError` where the user can put something right. */
export type Command = (terminal: Terminal) => Promise<number>;

/** One option of a command: the parser and the help are made of it, so no option is without help. */
type Option = {
  /** Stands for the value in the help. An option without it is a flag. */
  readonly value?: string;
  readonly help: string;
  readonly default?: string;
  readonly repeats?: true;
  /** Subcommands that take the option. Default: all. */
  readonly only?: readonly string[];
};
export type Options = Readonly<Record<string, Option>>;

export type Values<O extends Options> = {
  readonly [K in keyof O]: O[K] extends { repeats: true }
    ? readonly string[] | undefined
    : O[K] extends { default: string }
      ? string
      : O[K] extends { value: string }
        ? string | undefined
        : boolean | undefined;
};

type Definition<W extends string, O extends Options> = {
  readonly name: string;
  /** How it is called: `bindery send <event> [options]`. */
  readonly usage: string;
  readonly about: string;
  /** Subcommands with their help: exactly one is given. Default: none, and then no word is taken. */
  readonly words?: Readonly<Record<W, string>>;
  readonly options: O;
  /** The option with which any word is taken, and every option: the command checks them. Default: none. */
  readonly freeWith?: string;
  /** Whole command lines for the help, with a remark after `#`. A word's own help has those that name it. */
  readonly examples?: readonly string[];
  /** The end of the help. */
  readonly notes?: string;
  readonly run: (given: Given<W, O>, terminal: Terminal) => Promise<number>;
};

/** The parts of a definition that parsing and help need. */
type Shape = Omit<Definition<string, Options>, 'run'>;

type Given<W extends string, O extends Options> = { readonly word: W; readonly values: Values<O> };

/** Makes a command that parses its options and prints its help. */
export function command<const O extends Options, W extends string = never>(definition: Definition<W, O>): Command {
  return async (terminal) => {
    const given = givenIn(definition, terminal);
    return given === undefined ? 0 : definition.run(given, terminal);
  };
}

/** Runs a command to its exit code: what the user can put right is printed line by line, a bug keeps its stack. */
export async function exitCodeOf(command: Command, terminal: Terminal): Promise<number> {
  try {
    return await command(terminal);
  } catch (error) {
    const fault = fileFaultOf(error);
    if (!(error instanceof UserError) && fault === undefined) throw error;
    for (const line of error instanceof UserError ? error.lines : [fault ?? '']) terminal.warn(line);
    return 1;
  }
}

/** The exit code that shells give to a process that an interrupt ended. */
const INTERRUPTED = 130;

/** Runs a command in this process. */
export async function runCommand(command: Command, args = process.argv.slice(2)): Promise<void> {
  // A reader such as `head` may close the pipe early. By then everything is done.
  process.stdout.on('error', () => process.exit());
  // Progress without a reader ends nothing.
  process.stderr.on('error', () => {});
  const stopping = new AbortController();
  const code = await exitCodeOf(command, {
    args,
    environment: process.env,
    folder: '.',
    print: (text) => process.stdout.write(`${text}\n`),
    warn: (text) => process.stderr.write(`${text}\n`),
    interrupt: () => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopping.abort(new UserError('stopped')));
      return stopping.signal;
    },
  });
  process.exitCode = stopping.signal.aborted ? INTERRUPTED : code;
}

/** Returns the options and the word; undefined if the help was asked for, and is printed. */
function givenIn<W extends string, O extends Options>(
  definition: Definition<W, O>,
  terminal: Terminal,
): Given<W, O> | undefined {
  const { freeWith } = definition;
  const isFree = terminal.args.some((arg) => arg === `--${freeWith}` || arg.startsWith(`--${freeWith}=`));
  const words = isFree ? undefined : definition.words;
  let given: Given<W, O> | undefined;
  const onGiven = (word: string, values: object) => {
    // The parser was given exactly these options and words.
    given = { word, values } as Given<W, O>;
  };
  const program = programOf(definition, terminal);
  if (words === undefined) {
    const only = isFree ? program.argument('[word]') : program;
    withOptions(only, definition.options, onGiven, undefined);
  } else for (const [word, about] of Object.entries<string>(words)) addWord(program, definition, word, about, onGiven);
  parse(program, definition, terminal);
  return given;
}

/** Width of a help text: that of the terminal, if it is narrower. */
export const HELP_WIDTH = Math.min(110, process.stdout.columns || 110);

function programOf({ name, usage, about, words, examples, notes }: Shape, { print }: Terminal) {
  const program: Program = new Program(`bindery ${name}`)
    .description(about)
    .helpOption('--help', 'print this text')
    .helpCommand(false)
    .exitOverride()
    .allowExcessArguments(false)
    .configureHelp({ helpWidth: HELP_WIDTH, commandUsage: () => usage, subcommandTerm: (word) => word.name() })
    .configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: () => {},
      getOutHelpWidth: () => HELP_WIDTH,
    });
  if (words) program.addHelpText('after', `\nbindery ${name} ${Object.keys(words)[0]} --help: the options of a word`);
  addExamples(program, examples);
  if (notes) program.addHelpText('after', () => `\n${program.createHelp().boxWrap(notes, HELP_WIDTH)}`);
  return program;
}

function addExamples(program: Program, examples: readonly string[] = []): void {
  if (examples.length > 0)
    program.addHelpText('after', ['', 'Examples:', ...examples.map((line) => `  ${line}`)].join('\n'));
}

type OnGiven = (word: string, values: object) => void;

function addWord(
  program: Program,
  { name, options, examples = [] }: Shape,
  word: string,
  about: string,
  onGiven: OnGiven,
): void {
  const own = Object.entries(options).filter(([, { only }]) => only?.includes(word) ?? true);
  const usage = `bindery ${name} ${word} [options]`;
  const child = program
    .command(word)
    .description(about)
    .allowExcessArguments(false)
    .configureHelp({ helpWidth: HELP_WIDTH, commandUsage: () => usage });
  withOptions(child, Object.fromEntries(own), onGiven, word);
  addExamples(
    child,
    examples.filter((line) => line.startsWith(`bindery ${name} ${word} `)),
  );
}

/** Adds options and their parsing. Without `word`, the first argument is the word. */
function withOptions(program: Program, options: Options, onGiven: OnGiven, word: string | undefined): void {
  const flags = Object.entries(options).map(([name, option]) => [name, flagOf(name, option, options)] as const);
  for (const [, flag] of flags) program.addOption(flag);
  program.action(() => {
    const read: Readonly<Record<string, unknown>> = program.opts();
    const values = flags.flatMap(([name, flag]) => {
      const value = flag.negate ? read[flag.attributeName()] === false || undefined : read[flag.attributeName()];
      const known = value ?? options[name]?.default;
      return known === undefined ? [] : [[name, known]];
    });
    onGiven(word ?? program.args[0] ?? '', Object.fromEntries(values));
  });
}

function flagOf(name: string, { value, help, default: text, repeats }: Option, options: Options): Flag {
  const about = text === undefined ? help : `${help}. Default: ${text}`;
  if (value === undefined) return new Flag(`--${name}`, about);
  const flag = new Flag(`--${name} <${value.replace(/^<|>$/g, '')}>`, about);
  return flag.argParser<unknown>((given, before) => {
    // A value that was forgotten would swallow the next option.
    if (given.startsWith('--') && Object.hasOwn(options, given.slice(2)))
      throw new InvalidArgumentError('has no value');
    return repeats ? [...(Array.isArray(before) ? before : []), given] : given;
  });
}

/** Parses. Throws a `UserError` with what is wrong, without the values: one of them may be a secret. */
function parse(program: Program, { name, words }: Shape, terminal: Terminal): void {
  const hint = npmHint(program, terminal);
  try {
    program.parse(terminal.args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return;
    const needsWord = words && (terminal.args[0]?.startsWith('-') ?? true);
    const needed = `\`bindery ${name}\` needs one of ${Object.keys(words ?? {}).join(', ')}`;
    const what = needsWord ? needed : plain(error.message);
    throw new UserError(`${what}. Run with --help.`, ...hint);
  }
}

/** A parser's message in one line, without the values in it. */
export const plain = (message: string): string =>
  message
    .replace(/^error: /, '')
    .replace(/^(unknown option '--[^=']+)=[\s\S]*'/, "$1'")
    .replace(/^(too many arguments.* but got \d+):[\s\S]*$/, '$1')
    .replace(/^option '(--[^ ]+)[\s\S]*'[\s\S]* has no value$/, "option '$1' has no value")
    .replace(/\.?\n/, ' ');

/** Options that npm has too. A user may have set them in an `.npmrc`. */
const NPMS_OWN = ['json', 'yes', 'scope'];

/**
 * Returns the hint that options of `npm start` come after `--`; none if some came. npm turns an option before it into a
 * variable. Throws if npm took one.
 */
function npmHint({ options }: Program, { args, environment }: Terminal): string[] {
  if (environment['npm_lifecycle_event'] !== 'start' || args.some((arg) => arg.startsWith('-'))) return [];
  const hint = 'Options of npm start come after --: npm start -- [options]';
  const names = options.map((option) => option.name().replace(/^no-/, '')).filter((name) => !NPMS_OWN.includes(name));
  if (names.some((name) => environment[`npm_config_${name.replaceAll('-', '_')}`] !== undefined))
    throw new UserError('npm took options for itself.', hint);
  return [hint];
}
