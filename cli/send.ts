import { randomUUID } from 'node:crypto';
import { UserError } from '../local/user-error.ts';
import { COMMANDS, EVENT_OPTIONS, eventOf } from './auth-event.ts';
import { argumentsOf, runCommand } from './command.ts';
import {
  noSecret,
  post,
  replyIn,
  signedHeaders,
  TARGET_HELP,
  TARGET_OPTIONS,
  type Target,
  targetOf,
} from './target.ts';

const HELP = `npm run send -- <event> [options]

Signs an auth event and sends it, once. The event is ${Object.keys(COMMANDS).join(', ')}.

  --token T       the phone's push token
  --account A     who: may be repeated for a login and for a changed token
  --account-type N
  --app ID        the app; needed where the source reaches several
  --platform P    android or ios: refused where it is not the app's
  --mode append   a login that leaves other accounts signed in
  --scope account a logout of this account only
  --session S     ties a logout to its login
  --old-token T   what the token of a changed token was before
  --at TIME       when it happened, ISO 8601 (now)
  --id ID         the message's id: the same for every attempt to send it (random)
  --source ID     who sends (the instance's first source, or app)
${TARGET_HELP}`;

const OPTIONS = {
  ...EVENT_OPTIONS,
  ...TARGET_OPTIONS,
  id: { type: 'string' },
  source: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function secretFor(source: string, { secret, instance }: Target): string {
  const known = secret ?? instance?.sources.find(({ id }) => id === source)?.secret;
  if (known !== undefined) return known;
  throw instance === undefined ? noSecret() : new UserError(`the instance has no source "${source}"`);
}

await runCommand(async () => {
  const { values, positionals } = argumentsOf({ options: OPTIONS, allowPositionals: true });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  const [command, ...more] = positionals;
  if (command === undefined || more.length > 0) throw new UserError('name one event to send: see --help');
  const now = new Date();
  const body = JSON.stringify(eventOf(command, values, now));
  const target = await targetOf(values);
  const source = values.source ?? target.instance?.sources[0]?.id ?? 'app';
  const headers = signedHeaders(secretFor(source, target), { id: values.id ?? `msg_${randomUUID()}`, body, now });
  const answer = await post(`${target.url}/events/${encodeURIComponent(source)}`, headers, body);
  const reply = replyIn(answer);
  const said = values.json
    ? JSON.stringify({ status: answer.status, reply })
    : `HTTP ${answer.status}\n${JSON.stringify(reply, null, 2)}`;
  process.stdout.write(`${said}\n`);
  process.exitCode = [200, 202].includes(answer.status) ? 0 : 1;
});
