import { expect, test } from 'vitest';
import { type Command, command } from '../../cli/command.ts';
import { root } from '../../cli/root.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { run } from './run.ts';

/** A command that prints what it was given. */
const given = command({
  name: 'given',
  usage: 'bindery given [options]',
  about: 'Prints its options.',
  options: {
    name: { value: 'N', help: 'a name' },
    tag: { value: 'T', repeats: true, help: 'a tag' },
    rate: { value: 'N', default: '10', help: 'a rate' },
    'no-wait': { help: 'do not wait' },
    json: { help: 'print JSON' },
  },
  examples: ['bindery given --name alice   # one name'],
  notes: 'A note.',
  run: async ({ values }, { print }) => {
    print(JSON.stringify(values));
    return 3;
  },
});

const entry = (load: () => Promise<Command>) => ({ about: 'print the options', example: 'bindery given', load });
const bindery = root({ Try: { given: entry(async () => given) }, Other: { broken: entry(() => Promise.reject()) } });

const runIn = (args: readonly string[], environment = {}) => run(bindery, args, { folder: '.', environment });
const valuesOf = async (...args: string[]) => JSON.parse((await runIn(['given', ...args])).out);

test('options have their values: repeated, negated, by default, and with what looks like an option after =', async () => {
  expect(await valuesOf()).toEqual({ rate: '10' });
  expect(await valuesOf('--tag', 'a', '--tag=b', '--no-wait', '--json')).toEqual({
    tag: ['a', 'b'],
    rate: '10',
    'no-wait': true,
    json: true,
  });
  expect(await valuesOf('--name=-1', '--rate', '-5')).toEqual({ name: '-1', rate: '-5' });
});

test('the exit code of `bindery` is that of its command', async () => {
  expect((await runIn(['given'])).code).toBe(3);
});

test('`bindery --help` lists all commands by group with an example each, and loads none of them', async () => {
  const { code, out } = await runIn(['--help']);
  expect(code).toBe(0);
  expect(out).toMatch(/Try:\n +given +print the options\n +bindery given\n\nOther:\n +broken/);
});

test('`bindery <command> --help` prints options, defaults, examples and notes', async () => {
  const { code, out } = await runIn(['given', '--help']);
  expect(code).toBe(0);
  for (const text of ['--rate <N>', 'Default: 10', 'bindery given --name alice   # one name', 'A note.'])
    expect(out).toContain(text);
});

test('`bindery --version` prints the version of the package', async () => {
  expect(await runIn(['--version'])).toEqual({ code: 0, out: `${packageJson.version}\n`, err: '' });
});

test.each([
  [[], 'Give a command: `bindery --help` lists them.'],
  [['givn'], "unknown command 'givn' (Did you mean given?). Run with --help."],
  [['--helm'], "unknown option '--helm' (Did you mean --help?). Run with --help."],
  [['given', '--nmae', 'x'], "unknown option '--nmae' (Did you mean --name?). Run with --help."],
  [['given', '--name'], "option '--name <N>' argument missing. Run with --help."],
  [['given', '--name', '--json'], "option '--name' has no value. Run with --help."],
])('`bindery %j` is refused in one line', async (args, line) => {
  expect(await runIn(args)).toEqual({ code: 1, out: '', err: `${line}\n` });
});

test.each([[['given', '--secrt=hush']], [['given', 'hush']], [['given', '--json=hush']]])(
  'the error of `bindery %j` does not repeat a value, which may be a secret',
  async (args) => {
    const { code, err } = await runIn(args);
    expect([code, err]).toEqual([1, expect.not.stringContaining('hush')]);
  },
);

test.each([
  // npm 11 makes these of `npm start --name alice` and `npm start --no-wait`.
  [['alice'], {}, /too many arguments.*\nOptions of npm start come after --/],
  [[], { npm_config_name: 'alice' }, /^npm took options for itself.\nOptions of npm start come after --/],
  [[], { npm_config_wait: '' }, /^npm took options for itself.\n/],
])('`npm start` that loses options says that -- is missing: %j %j', async (args, variables, err) => {
  const environment = { npm_lifecycle_event: 'start', ...variables };
  expect(await runIn(['given', ...args], environment)).toEqual({ code: 1, out: '', err: expect.stringMatching(err) });
  expect(
    (await runIn(['given'], { ...environment, npm_config_name: undefined, npm_config_wait: undefined })).code,
  ).toBe(3);
});

test('`npm start` has no hint for options that npm has too', async () => {
  expect((await runIn(['given'], { npm_lifecycle_event: 'start', npm_config_json: 'true' })).code).toBe(3);
});
