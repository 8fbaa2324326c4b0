import { randomUUID } from 'node:crypto';
import { UserError } from '../local/user-error.ts';
import { EVENT_OPTIONS, EVENT_WORDS, eventOf } from './auth-event.ts';
import { command } from './command.ts';
import { missingSecret, post, replyIn, signedHeaders, TARGET_OPTIONS, type Target, targetOf } from './target.ts';

export const send = command({
  name: 'send',
  usage: 'npm run send -- <event> [options]',
  about: 'Signs an auth event and sends it once.',
  words: EVENT_WORDS,
  options: {
    ...EVENT_OPTIONS,
    id: { value: 'ID', help: 'message id; a repeated message has the id of the first. Default: random' },
    source: { value: 'ID', help: 'the sender. Default: the first source of the local instance, or app' },
    ...TARGET_OPTIONS,
    json: { help: 'print the answer as one line of JSON' },
  },
  run: async ({ word, values }, terminal) => {
    const now = new Date();
    const body = JSON.stringify(eventOf(word, values, now));
    const target = await targetOf(values, terminal);
    const source = values.source ?? target.instance?.sources[0]?.id ?? 'app';
    const headers = signedHeaders(secretFor(source, target), { id: values.id ?? `msg_${randomUUID()}`, body, now });
    const answer = await post(`${target.url}/events/${encodeURIComponent(source)}`, headers, body);
    const { status } = answer;
    const reply = replyIn(answer);
    terminal.print(
      values.json ? JSON.stringify({ status, reply }) : `HTTP ${status}\n${JSON.stringify(reply, null, 2)}`,
    );
    return status === 200 || status === 202 ? 0 : 1;
  },
});

function secretFor(source: string, { secret, instance }: Target): string {
  const known = secret ?? instance?.sources.find(({ id }) => id === source)?.secret;
  if (known !== undefined) return known;
  throw instance === undefined ? missingSecret() : new UserError(`the local instance has no source "${source}"`);
}
