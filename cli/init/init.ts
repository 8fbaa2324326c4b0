import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfiguration } from '../../infra/configuration.ts';
import { ownFolder } from '../../local/description.ts';
import { developmentSecrets } from '../../local/environment.ts';
import { withReader } from '../../local/identity.ts';
import { reasonOf, UserError } from '../../local/user-error.ts';
import { command, type Terminal } from '../command.ts';
import { writeEnvFile } from '../env-file.ts';
import { columns } from '../table.ts';
import { APP_FILE, appText, binderyText, cdkText, IGNORED } from './files.ts';

/** A file, and whether this run wrote it. */
type Row = [file: string, fate: 'written' | 'kept'];

export const init = command({
  name: 'init',
  usage: 'bindery init [options]',
  about:
    'Adds Bindery to the project in this directory: bindery.json with an app for each platform, a CDK app, and .env with the address and the secrets of `bindery start`. Files that exist stay as they are; of .env and .gitignore the other lines stay.',
  options: {
    name: { value: 'NAME', help: 'the first part of the ids of the apps. Default: the name in package.json, or app' },
    force: { help: 'write bindery.json and the CDK app anew, and lose what is in them' },
    'no-cdk': { help: 'write no CDK app: Bindery becomes a part of yours, or is only run on this machine' },
  },
  examples: ['bindery init', 'bindery init --name shop --no-cdk   # for a project with a CDK app of its own'],
  run: async ({ values }, terminal) => {
    const { folder, print } = terminal;
    const name = values.name ?? nameIn(folder);
    const texts = new Map([
      ['bindery.json', binderyText(name)],
      ...(values['no-cdk']
        ? []
        : ([
            [APP_FILE, appText()],
            ['cdk.json', cdkText()],
          ] as const)),
    ]);
    const rows: Row[] = [...texts].map(([file, text]) => [file, write(join(folder, file), text, values.force)]);
    print(columns([...rows, ...shared(terminal)]).join('\n'));
    print(['', ...next(rows, folder)].join('\n'));
    return 0;
  },
});

/** Letters of an id only. Default: app. */
function nameIn(folder: string): string {
  const file = join(folder, 'package.json');
  const { name = '' }: { name?: unknown } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  return (
    `${name}`
      .replace(/^@[^/]*\//, '')
      .replace(/[^A-Za-z0-9-]/g, '-')
      .replace(/^-+/, '')
      .slice(0, 40) || 'app'
  );
}

/** The CDK's own file stays even with --force: it may hold the settings of another CDK app. */
function write(file: string, text: string, isForced = false): 'written' | 'kept' {
  if (existsSync(file) && (!isForced || file.endsWith('cdk.json'))) return 'kept';
  try {
    writeFileSync(file, text);
    return 'written';
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${reasonOf(error)}`);
  }
}

/** Adds our lines to `.env` and `.gitignore`, whose other lines stay. */
function shared({ folder, warn }: Terminal): Row[] {
  const read = readConfiguration(join(folder, 'bindery.json'));
  if ('problems' in read) throw new UserError(...read.problems);
  const { apps, sources, readers } = withReader(read.configuration);
  // `bindery start` finds the same secrets there.
  const secrets = developmentSecrets({ ...read.configuration, readers }, { path: ownFolder(folder) });
  const described = {
    url: 'http://127.0.0.1:8787',
    apps: apps.map(({ id }) => ({ id, secretKey: secrets.apps[id] ?? '' })),
    sources: sources.map(({ id }) => ({ id, secret: secrets.sources[id] ?? '' })),
    readers: readers.map(({ id }) => ({ id, secret: secrets.readers[id] ?? '' })),
  };
  const env = join(folder, '.env');
  for (const name of writeEnvFile(described, env)) warn(`${env} sets ${name} itself: that line was left as it is`);
  return [
    ['.env', 'written'],
    ['.gitignore', ignore(join(folder, '.gitignore'))],
  ];
}

function ignore(file: string): 'written' | 'kept' {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const lines = text.split(/\r?\n/);
  const missing = IGNORED.filter((line) => !lines.includes(line) && !lines.includes(line.replace(/\/$/, '')));
  if (missing.length === 0) return 'kept';
  writeFileSync(file, [text.trimEnd(), ...missing, ''].join('\n').trimStart());
  return 'written';
}

/** The commands to go on with. A project whose CDK app is another one names ours by an option. */
function next(rows: readonly Row[], folder: string): string[] {
  const lines = ['npx bindery start                              # Bindery on this machine'];
  if (!rows.some(([file]) => file === APP_FILE)) return lines;
  const isOurs = readFileSync(join(folder, 'cdk.json'), 'utf8').includes(APP_FILE);
  const deploy = `npx cdk deploy${isOurs ? '' : ` --app "node ${APP_FILE}"`} -c stage=prod`;
  return [...lines, 'npm install aws-cdk-lib constructs aws-cdk     # once, to deploy', deploy];
}
