import { type App, AppId, Dialect } from '../functions/core/configuration.ts';
import { readConfiguration } from '../infra/configuration.ts';
import { UserError } from '../local/user-error.ts';
import { noSecret, type Target } from './target.ts';

/** Who asks: an app with its secret, in its dialect. */
export type Speaker = { readonly app: AppId; readonly dialect: Dialect; readonly secret: string };

export type SpeakerValues = {
  readonly app?: string | undefined;
  readonly dialect?: string | undefined;
};

/** The app that was named, or every app of the local instance. */
export function speakersOf(values: SpeakerValues, target: Target): Speaker[] {
  const dialect = values.dialect === undefined ? undefined : dialectIn(values.dialect);
  if (target.instance === undefined) return [remoteSpeaker(values.app, dialect, target)];
  const apps = target.instance.apps.filter(({ id }) => values.app === undefined || id === values.app);
  if (apps.length === 0) throw new UserError(`the instance has no app "${values.app}"`);
  return apps.map((app) => ({
    app: app.id,
    dialect: dialect ?? app.dialect,
    secret: target.secret ?? app.secretKey,
  }));
}

/** Who asks the hosted side that was started along with the local instance, and where that is. */
export function hostedSpeaker(
  { app, dialect }: SpeakerValues,
  { instance }: Target,
): { url: string; speaker: Speaker } {
  if (app !== undefined || dialect !== undefined)
    throw new UserError('--hosted: has one app, and its dialect is known');
  const hosted = instance?.mirror;
  if (hosted === undefined)
    throw new UserError('there is no hosted side: start one with `npm start -- --mirror`, or name yours with --url');
  const { id, dialect: own, secretKey: secret } = hosted.app;
  return { url: hosted.url, speaker: { app: id, dialect: own, secret } };
}

function remoteSpeaker(app: string | undefined, dialect: Dialect | undefined, { secret }: Target): Speaker {
  const id = AppId.safeParse(app);
  if (!id.success) throw new UserError('name an app with --app: each has a secret of its own');
  if (secret === undefined) throw noSecret();
  const spoken = dialect ?? configured(id.data)?.dialect;
  if (spoken === undefined) throw new UserError(`bindery.json has no app "${app}": say --dialect xg or --dialect tpns`);
  return { app: id.data, dialect: spoken, secret };
}

function configured(id: AppId): App | undefined {
  const read = readConfiguration('bindery.json');
  return 'configuration' in read ? read.configuration.apps.find((app) => app.id === id) : undefined;
}

function dialectIn(text: string): Dialect {
  const dialect = Dialect.safeParse(text);
  if (dialect.success) return dialect.data;
  throw new UserError(`--dialect ${text}: a dialect is ${Dialect.options.join(' or ')}`);
}
