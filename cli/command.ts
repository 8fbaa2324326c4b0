import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UserError } from '../local/user-error.ts';
import { columns, wrapped } from './table.ts';

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
  /** How it is called: `npm run send -- <event> [options]`. */
  readonly usage: string;
  readonly about: string;
  /** Subcommands with their help: exactly one is given. Default: none, and then no word is taken. */
  readonly words?: Readonly<Record<W, string>>;
  readonly options: O;
  /** The option with which any word is taken, and every option: the command checks them. Default: none. */
  readonly freeWith?: string;
  /** The end of the help. */
  readonly notes?: string;
  readonly run: (given: Given<W, O>, terminal: Terminal) => Promise<number>;
};

type Given<W extends string, O extends Options> = { readonly word: W; readonly values: Values<O> };

/** Makes a command that parses its options and prints its help. */
export function command<const O extends Options, W extends string = never>(definition: Definition<W, O>): Command {
  return async (terminal) => {
    if (terminal.args.includes('--help')) {
      terminal.print(helpOf(definition));
      return 0;
    }
    return definition.run(given(definition, terminal), terminal);
  };
}

/** Runs a command to its exit code: what the user can put right is printed line by line, a bug keeps its stack. */
export async function exitCodeOf(command: Command, terminal: Terminal): Promise<number> {
  try {
    return await command(terminal);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const line of error.lines) terminal.warn(line);
    return 1;
  }
}

/** The exit code that shells give to a process that an interrupt ended. */
const INTERRUPTED = 130;

/** Runs a command in this process. */
export async function runCommand(command: Command, args = process.argv.slice(2)): Promise<void> {
  // A reader such as `head` may close the pipe early. By then everything is done.
  process.stdout.on('error', () => process.exit());
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

function given<W extends string, O extends Options>(
  definition: Definition<W, O>,
  { args, environment }: Terminal,
): Given<W, O> {
  const hint = npmHint(definition, args, environment);
  try {
    if (hint?.isSure) throw new UserError('npm took options for itself.');
    return read(definition, args);
  } catch (error) {
    throw hint && error instanceof UserError ? new UserError(...error.lines, hint.text) : error;
  }
}

/** Options that npm has too. A user may have set them in an `.npmrc`. */
const NPMS_OWN = ['json', 'yes', 'scope'];

/**
 * Returns the hint that options of an npm script come after `--`; undefined if some came, or npm did not run the script.
 * npm turns each option before it into a variable, but `--app` into `npm_config_all`, since it reads short options in it.
 */
function npmHint(
  { usage, options }: { readonly usage: string; readonly options: Options },
  args: readonly string[],
  environment: Variables,
) {
  if (environment['npm_lifecycle_event'] === undefined || args.some((arg) => arg.startsWith('-'))) return undefined;
  const names = Object.keys(options).filter((name) => !NPMS_OWN.includes(name));
  const taken = names.map((name) => `npm_config_${name.replace(/^no-/, '').replaceAll('-', '_')}`);
  const isSure = Object.keys(environment).some((set) => taken.some((one) => set === one || set.startsWith(`${one}_`)));
  return { isSure, text: `Options of an npm script come after --: ${usage}` };
}

function read<W extends string, O extends Options>(
  { name, words, options, freeWith = '' }: Definition<W, O>,
  args: readonly string[],
): Given<W, O> {
  const { values, positionals } = parsed(name, {
    args: [...args],
    options: parseOptions(options),
    allowPositionals: true,
  });
  const [word, ...more] = positionals;
  const isFree = Object.hasOwn(values, freeWith);
  if (words === undefined) {
    if (word !== undefined) throw new UserError(`\`${name}\` takes no argument "${word}". ${SEE_HELP}`);
  } else if (more.length > 0 || !(isFree || Object.hasOwn(words, word ?? '')))
    throw new UserError(`\`${name}\` needs one of ${Object.keys(words).join(', ')}. ${SEE_HELP}`);
  const other = Object.keys(values).find((option) => options[option]?.only?.includes(word ?? '') === false);
  if (other !== undefined && !isFree) throw new UserError(`\`${name} ${word}\` has no option --${other}. ${SEE_HELP}`);
  const defaults = Object.entries(options).flatMap(([option, { default: text }]) =>
    text === undefined ? [] : [[option, text]],
  );
  // The parser was given exactly these options and words.
  return { word: word ?? '', values: { ...Object.fromEntries(defaults), ...values } } as Given<W, O>;
}

const SEE_HELP = 'Run with --help.';

const parseOptions = (options: Options): NonNullable<ParseArgsConfig['options']> =>
  Object.fromEntries(
    Object.entries(options).map(([name, { value, repeats = false }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', multiple: repeats },
    ]),
  );

function parsed(name: string, config: ParseArgsConfig): Pick<ReturnType<typeof parseArgs>, 'values' | 'positionals'> {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // https://nodejs.org/api/errors.html#err_parse_args_unknown_option: the option is in quotes.
    const unknown = /^Unknown option '(-[^']*)'/.exec(error.message)?.[1];
    if (unknown !== undefined) throw new UserError(`\`${name}\` has no option ${unknown}. ${SEE_HELP}`);
    throw new UserError(`${error.message.split(/[.\n] ?/)[0]}. ${SEE_HELP}`);
  }
}

const WIDTH = 120;

function helpOf({ usage, about, words, options, notes }: Omit<Definition<string, Options>, 'run'>): string {
  const parts = [
    usage,
    wrapped(about, WIDTH).join('\n'),
    ...(words ? [described(Object.entries(words))] : []),
    described([...Object.entries(options).map(([name, option]) => rowOf(name, option)), ['--help', 'print this text']]),
    ...(notes === undefined ? [] : [wrapped(notes, WIDTH).join('\n')]),
  ];
  return parts.join('\n\n');
}

const rowOf = (name: string, option: Option): [string, string] => [
  option.value === undefined ? `--${name}` : `--${name} ${option.value}`,
  `${option.only ? `${option.only.join(', ')}: ` : ''}${option.help}${option.default === undefined ? '' : `. Default: ${option.default}`}`,
];

/** Terms and their descriptions in two columns, the second wrapped. */
function described(rows: readonly (readonly [string, string])[]): string {
  const indent = 4 + Math.max(...rows.map(([term]) => term.length));
  return columns(
    rows.flatMap(([term, text]) => wrapped(text, WIDTH - indent).map((line, i) => [i === 0 ? term : '', line])),
  ).join('\n');
}
