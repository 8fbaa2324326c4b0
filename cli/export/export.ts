import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { dynamodbSweepStore } from '../../functions/aws/sweep-store.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { UserError } from '../../local/user-error.ts';
import { command, type Options, type Terminal, type Values } from '../command.ts';
import { appsOf, WHERE_OPTIONS } from '../import/where.ts';
import { placeOf } from '../place.ts';
import { bindingsOf, columnsOf, type ExportFormat, WRITERS } from './rows.ts';

const OPTIONS = {
  file: { value: 'FILE', help: 'write into this file; a name that ends in .gz is packed. Default: standard output' },
  format: { value: 'F', help: 'csv or ndjson. Default: what the name of the file says, or csv' },
  app: { value: 'ID', help: 'only the bindings of this app. Default: all apps' },
  ...WHERE_OPTIONS,
} as const satisfies Options;

/** Time between two lines of progress (ms). */
const PROGRESS_MS = 2_000;

export const exporting = command({
  name: 'export',
  usage: 'bindery export --file FILE [options]',
  about:
    'Writes all bindings: app, platform, token, account, account_type, bound_at. The file names people: keep it as you keep the table.',
  options: OPTIONS,
  examples: ['bindery export --file bindings.csv.gz', 'bindery export --app shop-android --format ndjson'],
  notes: `The table is read page by page. The bindings of a page were there at one time; what changes while the export runs may be in the file or not.
\`import\` reads the file without a mapping and restores who is bound where, not login sessions and leases.`,
  run: async ({ values }, terminal) => {
    const place = await placeOf(values, terminal);
    const apps = appsOf(place, values.config, terminal);
    const platforms = new Map(apps.map(({ id, platform }) => [`${id}`, platform]));
    if (values.app !== undefined && !platforms.has(values.app))
      throw new UserError(`there is no app "${values.app}": ${[...platforms.keys()].join(', ')}`);
    const { head, line } = WRITERS[formatIn(values)];
    const signal = terminal.interrupt();
    const pages = bindingsOf(
      dynamodbSweepStore(place.registry),
      dynamodbRegistryStore(place.registry),
      isAsked(values.app),
      Date.now,
    );
    let [count, shownMs] = [0, Date.now()];
    async function* texts() {
      yield head;
      for await (const page of pages) {
        signal.throwIfAborted();
        yield page.map((one) => line(columnsOf(one, platforms.get(one.app)))).join('');
        count += page.length;
        if (Date.now() < shownMs + PROGRESS_MS) continue;
        shownMs = Date.now();
        terminal.warn(`${count.toLocaleString('en')} bindings`);
      }
    }
    await written(texts(), values.file, terminal);
    terminal.warn(`${count.toLocaleString('en')} bindings were exported`);
    return 0;
  },
});

const isAsked = (app: string | undefined) => (id: string) => app === undefined || id === app;

/** Writes into another file first: an export that was cut off would look whole. */
async function written(texts: AsyncIterable<string>, file: string | undefined, { print }: Terminal): Promise<void> {
  try {
    if (file === undefined) {
      for await (const text of texts) if (text !== '') print(text.trimEnd());
      return;
    }
    const part = `${file}.part`;
    const packed = file.endsWith('.gz') ? [createGzip()] : [];
    try {
      await pipeline([Readable.from(texts), ...packed, createWriteStream(part, { mode: 0o600 })]);
      renameSync(part, file);
    } finally {
      rmSync(part, { force: true });
    }
  } catch (error) {
    if (error instanceof Unavailable) throw new UserError(`the table cannot be read: ${error.reason}`);
    throw error;
  }
}

function formatIn({ file, format }: Values<typeof OPTIONS>): ExportFormat {
  const named = format ?? /\.(csv|ndjson)(?:\.gz)?$/.exec(file ?? '')?.[1] ?? 'csv';
  if (named === 'csv' || named === 'ndjson') return named;
  throw new UserError(`--format ${named}: must be csv or ndjson`);
}
