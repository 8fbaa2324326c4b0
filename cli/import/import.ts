import { createWriteStream, statSync } from 'node:fs';
import { Dialect } from '../../functions/core/configuration.ts';
import { UserError } from '../../local/user-error.ts';
import { type Command, command, type Options, type Terminal, type Values } from '../command.ts';
import { placeOf } from '../place.ts';
import { secretIn } from '../secret.ts';
import { columns } from '../table.ts';
import { FORMATS, formatOf, mappingIn, rowsIn } from './formats.ts';
import { askedLines, hostedClient } from './hosted.ts';
import { linesOf } from './lines.ts';
import type { Report } from './report.ts';
import { FIELDS, timeIn } from './row.ts';
import { importLines } from './run.ts';
import { progressIn } from './state.ts';
import { appsOf, drained, knownIn, roomOn, sendTo, WHERE_OPTIONS } from './where.ts';

const OPTIONS = {
  file: { value: 'FILE', help: 'the list; .gz is unpacked, - is standard input' },
  format: { value: 'F', help: `${FORMATS.join(', ')}. Default: what the name of the file says` },
  map: {
    value: 'FIELD=COLUMN,…',
    repeats: true,
    help: `csv, ndjson: where each field stands, such as token=push_token,account=user.id. Fields: ${FIELDS.join(', ')}. Default: the columns of these names, as \`export\` writes them`,
  },
  app: { value: 'ID', help: 'the app of lines that name none' },
  'app-of': {
    value: 'PLATFORM=ID,…',
    repeats: true,
    help: 'the apps by the text in the field platform, such as ios=APP1,android=APP2',
  },
  'from-hosted': {
    value: 'URL',
    help: 'ask this Account API, for the app of --app: for the accounts of the tokens in the list or, in lines without a token, for the tokens of the accounts; 20 lines a call. Default: the list has both',
  },
  'hosted-app': { value: 'ID', help: 'the id of the app there. Default: that of --app' },
  'hosted-secret': { value: 'S', help: 'the secret of the app there; @FILE reads it from a file' },
  dialect: { value: 'D', help: 'xg or tpns, the dialect there', default: 'tpns' },
  'as-of': { value: 'TIME', help: 'when the list was made. Default: when the file was changed last' },
  force: { help: 'import a list that is older than 30 days: it may bring back what was signed out since' },
  rate: { value: 'N', default: '500', help: 'at most N binds a second' },
  errors: {
    value: 'FILE',
    help: 'write the number and the fault of each line that has one, and of each that is known already',
  },
  state: { value: 'FILE', help: 'where the import notes its place, to go on after an end. Default: FILE.import' },
  yes: { help: 'do it. Default: read all, change nothing, and print the report' },
  'no-wait': { help: 'end when all binds are on the queue. Default: wait until the queue is empty' },
  json: { help: 'print the report as one line of JSON' },
  ...WHERE_OPTIONS,
} as const satisfies Options;

const DAY_MS = 86_400_000;

/** A list that is older than this could win against a sign-out since then: imported binds are 31 days old. */
const OLDEST_LIST_MS = 30 * DAY_MS;

export const importing: Command = command({
  name: 'import',
  usage: 'bindery import --file FILE [options]',
  about:
    'Binds what a list names: who is signed in on which token. Every login or logout that the registry knows wins against the list, and those of the last 31 days also if they come later. So the list can be imported while people use the app, and again.',
  options: OPTIONS,
  examples: [
    'bindery import --file bindings.csv   # a dry run: reads all and prints the report',
    'bindery import --file users.ndjson --map token=push_token,account=user.id --app shop-android --yes',
  ],
  notes: `An import that ended early goes on where it was when the same command is given again.
Of two accounts of one type on a token, under the policy one-per-type, the later bound_at stays; without times, the later line.
fcm-groups: a line of JSON for each device group, {"notification_key_name": …, "registration_ids": […]}; the name is the account.
pinpoint: the files of an export job. Endpoints that are inactive, opted out or of other channels are left out and counted.`,
  run: async ({ values }, terminal) => {
    const { file } = values;
    if (file === undefined) throw new UserError('give the list with --file');
    const format = formatOf(file, values.format);
    const list = linesOf(file, format, rowsIn(format, mappingIn(values.map ?? [])));
    const hosted = hostedIn(values);
    const linesAfter = (line: number) => (hosted ? askedLines(list, hosted, line) : list);
    const nowMs = Date.now();
    checkAge(values, file, nowMs);
    const rate = rateIn(values.rate);
    const place = await placeOf(values, terminal);
    const apps = appsOf(place, values.config, terminal);
    const choice = { apps, app: values.app, appOf: appsByPlatform(values['app-of'] ?? []) };
    const signal = terminal.interrupt();
    const faults = faultsIn(values.errors);
    const ports = { known: knownIn(place), onFault: faults.note, onProgress: terminal.warn, now: Date.now };
    const show = (report: Report) => {
      for (const line of values.json ? [report.json()] : columns(report.rows())) terminal.print(line);
    };
    if (!values.yes) {
      const dry = { begunMs: nowMs, line: 0, save() {} };
      const pace = { rate: Number.POSITIVE_INFINITY, signal };
      const unsent = { send: async () => {}, room: async () => {} };
      show(await importLines(linesAfter(0), choice, dry, { ...ports, ...unsent }, pace));
      terminal.warn('Nothing was changed: add --yes to do it.');
      await faults.end();
      return 0;
    }
    const progress = progressOf(values, file, nowMs);
    if (progress.line > 0) terminal.warn(`goes on after line ${progress.line.toLocaleString('en')}`);
    const onWaiting = (left: number) => terminal.warn(waiting(left));
    const sending = { ...ports, send: sendTo(place), room: roomOn(place, onWaiting, signal) };
    show(await importLines(linesAfter(progress.line), choice, progress, sending, { rate, signal }));
    await faults.end();
    progress.end();
    await finish(values, terminal, () => drained(place, onWaiting, signal));
    return 0;
  },
});

function hostedIn({
  'from-hosted': url,
  'hosted-app': own,
  'hosted-secret': secret,
  app,
  dialect,
}: Values<typeof OPTIONS>) {
  if (url === undefined) return undefined;
  const id = own ?? app;
  if (id === undefined || secret === undefined) throw new UserError('--from-hosted needs --app and --hosted-secret');
  const spoken = Dialect.safeParse(dialect);
  if (!spoken.success) throw new UserError(`--dialect ${dialect}: must be xg or tpns`);
  return hostedClient({ url, app: id, secret: secretIn(secret), dialect: spoken.data });
}

/** Writes faults into the file of --errors: the number of the line and the reason. Default: nowhere. */
function faultsIn(file: string | undefined) {
  const stream = file === undefined ? undefined : createWriteStream(file);
  return {
    note: (line: number, reason: string): void => void stream?.write(`${line}\t${reason}\n`),
    end: () => new Promise<void>((done) => (stream ? stream.end(done) : done())),
  };
}

const waiting = (left: number) => `messages left on the queue: ${left.toLocaleString('en')}`;

async function finish(values: Values<typeof OPTIONS>, { warn }: Terminal, drained: () => Promise<void>): Promise<void> {
  if (values['no-wait']) {
    warn(
      'All binds are on the operations queue. They are applied when it is empty: `bindery doctor` says how many wait.',
    );
    return;
  }
  await drained();
  warn('The queue is empty. `bindery dlq list` shows operations that could not be applied.');
}

function checkAge({ 'as-of': given, force }: Values<typeof OPTIONS>, file: string, nowMs: number): void {
  const madeMs = given === undefined ? changedMs(file, nowMs) : timeIn(given);
  if (Number.isNaN(madeMs)) throw new UserError(`--as-of ${given}: must be a time, such as 2026-01-31T12:00:00Z`);
  if (force || nowMs - madeMs <= OLDEST_LIST_MS) return;
  throw new UserError(
    `${file} was made ${Math.floor((nowMs - madeMs) / DAY_MS)} days ago.`,
    'Make a new list: one that is older than 30 days could bring back what was signed out since. --force imports it.',
  );
}

function changedMs(file: string, nowMs: number): number {
  if (file === '-') return nowMs;
  const mtime = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (mtime === undefined) throw new UserError(`${file} does not exist`);
  return mtime;
}

function progressOf(values: Values<typeof OPTIONS>, file: string, nowMs: number) {
  const state = values.state ?? (file === '-' ? undefined : `${file}.import`);
  if (state === undefined) throw new UserError('a list on standard input needs --state FILE');
  const { size = 0, mtimeMs = 0 } = (file === '-' ? undefined : statSync(file)) ?? {};
  const { format, map, app, 'app-of': appOf, 'from-hosted': hosted, stage, region, port } = values;
  return progressIn(state, [file, size, mtimeMs, format, map, app, appOf, hosted, stage, region, port], nowMs);
}

function appsByPlatform(texts: readonly string[]): ReadonlyMap<string, string> {
  const pairs = texts.flatMap((text) => text.split(','));
  return new Map(
    pairs.map((pair) => {
      const [, platform = '', app = ''] = /^([^=]+)=(.+)$/.exec(pair.trim()) ?? [];
      if (app === '') throw new UserError(`--app-of ${pair}: must be PLATFORM=ID`);
      return [platform.toLowerCase(), app];
    }),
  );
}

function rateIn(text: string): number {
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text);
  throw new UserError(`--rate ${text}: must be a whole number above 0`);
}
