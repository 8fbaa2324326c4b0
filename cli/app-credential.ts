import { join } from 'node:path';
import { type App, AppId, Dialect } from '../functions/core/configuration.ts';
import { readConfiguration } from '../infra/configuration.ts';
import { UserError } from '../local/user-error.ts';
import { missingSecret, type Target } from './target.ts';

/** An app that calls the Account API, in its dialect. */
export type AppCredential = { readonly app: AppId; readonly dialect: Dialect; readonly secret: string };

type CallerValues = { readonly app?: string | undefined; readonly dialect?: string | undefined };

/** Returns the app of the options; without --app, every app of the local instance. */
export function appCredentials(values: CallerValues, target: Target, folder: string): AppCredential[] {
  const dialect = values.dialect === undefined ? undefined : dialectIn(values.dialect);
  if (target.instance === undefined) return [remoteCredential(values.app, dialect, target, folder)];
  const apps = target.instance.apps.filter(({ id }) => values.app === undefined || id === values.app);
  if (apps.length === 0) throw new UserError(`the local instance has no app "${values.app}"`);
  return apps.map(({ id, dialect: own, secretKey }) => ({
    app: id,
    dialect: dialect ?? own,
    secret: target.secret ?? secretKey,
  }));
}

/** Returns the address and the app of the hosted API that runs beside the local instance. */
export function hostedCredential(
  { app, dialect }: CallerValues,
  { instance }: Target,
): { url: string; credential: AppCredential } {
  if (app !== undefined || dialect !== undefined)
    throw new UserError('--hosted takes neither --app nor --dialect: the hosted API has one app');
  const hosted = instance?.mirror;
  if (hosted === undefined)
    throw new UserError(
      'no hosted API runs here: start one with `npx bindery start --mirror`, or query yours with --url',
    );
  const { id, dialect: own, secretKey: secret } = hosted.app;
  return { url: hosted.url, credential: { app: id, dialect: own, secret } };
}

function remoteCredential(
  app: string | undefined,
  dialect: Dialect | undefined,
  { secret }: Target,
  folder: string,
): AppCredential {
  const id = AppId.safeParse(app);
  if (!id.success) throw new UserError('give an app with --app: each app has its own secret');
  if (secret === undefined) throw missingSecret();
  const spoken = dialect ?? configuredApp(id.data, folder)?.dialect;
  if (spoken === undefined)
    throw new UserError(`bindery.json has no app "${app}": give --dialect xg or --dialect tpns`);
  return { app: id.data, dialect: spoken, secret };
}

function configuredApp(id: AppId, folder: string): App | undefined {
  const read = readConfiguration(join(folder, 'bindery.json'));
  return 'configuration' in read ? read.configuration.apps.find((app) => app.id === id) : undefined;
}

function dialectIn(text: string): Dialect {
  const dialect = Dialect.safeParse(text);
  if (dialect.success) return dialect.data;
  throw new UserError(`--dialect ${text}: a dialect is ${Dialect.options.join(' or ')}`);
}
