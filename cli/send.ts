import { randomUUID } from 'node:crypto';
import { AccountType } from '../functions/core/account.ts';
import type { AppEvent } from '../functions/events/sources/standard-webhooks.ts';
import { PROVIDERS } from '../local/providers/providers.ts';
import { UserError } from '../local/user-error.ts';
import { command, type Options, type Values } from './command.ts';
import { report, sendAs } from './send-as.ts';
import { missingSecret, post, signerOf, TARGET_OPTIONS, type Target, targetOf } from './target.ts';

/** Reads the option --account-type. Returns undefined if it is not given. */
export function accountTypeIn(text: string | undefined): AccountType | undefined {
  if (text === undefined) return undefined;
  const type = AccountType.safeParse(Number(text));
  if (type.success && /^\d+$/.test(text)) return type.data;
  throw new UserError(`--account-type ${text}: an account type is a number from 0 to 2147483647`);
}

/** The type of the event that each word of `npx bindery send` sends. */
export const EVENT_TYPES = {
  login: 'user.login',
  logout: 'user.logout',
  'logout-everywhere': 'user.logout_everywhere',
  deleted: 'user.deleted',
  'token-changed': 'device.token_changed',
  gone: 'device.gone',
} as const satisfies Record<string, AppEvent['type']>;

export type EventWord = keyof typeof EVENT_TYPES;

export const EVENT_WORDS: Readonly<Record<EventWord, string>> = {
  login: 'the account is signed in on the phone',
  logout: 'the account is signed out on the phone',
  'logout-everywhere': 'the account is signed out on all phones',
  deleted: 'the account is deleted',
  'token-changed': 'the phone has a new push token',
  gone: 'the push service says that the token is gone',
};

/** The words of events that name accounts. */
const OF_ACCOUNTS = ['login', 'logout', 'logout-everywhere', 'deleted', 'token-changed'];

export const EVENT_OPTIONS = {
  token: { value: 'T', only: ['login', 'logout', 'token-changed', 'gone'], help: 'push token of the phone' },
  account: {
    value: 'A',
    repeats: true,
    only: OF_ACCOUNTS,
    help: 'the account; may be repeated for login and token-changed',
  },
  'account-type': { value: 'N', only: OF_ACCOUNTS, help: 'type of all these accounts. Default: none, which is type 0' },
  app: { value: 'ID', help: 'the app. Default: the only app of the source' },
  platform: {
    value: 'P',
    only: ['login', 'logout', 'token-changed', 'gone'],
    help: 'android or ios; refused if it is not the platform of the app. Default: none',
  },
  mode: { value: 'append', only: ['login'], help: 'other accounts stay signed in. Default: they are signed out' },
  scope: {
    value: 'S',
    only: ['logout'],
    help: 'account or session, of this one only. Default: of all accounts on the phone',
  },
  session: {
    value: 'S',
    only: ['login', 'logout', 'token-changed'],
    help: 'session id, which ties a logout to its login. Default: none',
  },
  'except-session': {
    value: 'S',
    only: ['logout-everywhere'],
    help: 'the session that stays signed in. Default: none',
  },
  installation: {
    value: 'ID',
    only: ['login'],
    help: 'id of the installation, which then has one token. Default: none',
  },
  'old-token': { value: 'T', only: ['token-changed'], help: 'the token before the change' },
  'no-accounts': {
    only: ['token-changed'],
    help: 'no account stays signed in. Default: --account, or else those of the old token',
  },
  expires: { value: 'TIME', only: ['login'], help: 'time at which it ends by itself, ISO 8601. Default: it does not' },
  at: { value: 'TIME', help: 'time of the event, ISO 8601. Default: now' },
} as const satisfies Options;

export type EventValues = Partial<Values<typeof EVENT_OPTIONS>>;

/** The event for a word and its options. The service validates it, not the command. */
export const eventOf = (word: EventWord, values: EventValues, now: Date): object => ({
  type: EVENT_TYPES[word],
  timestamp: values.at ?? now.toISOString(),
  data: dataOf(EVENT_TYPES[word], values),
});

/** JSON leaves out undefined values, so an option that is not given is not sent. */
function dataOf(type: AppEvent['type'], values: EventValues): object {
  const { app, platform, token, session: session_id, 'old-token': old_token, mode, scope } = values;
  const { installation: installation_id, expires: expires_at, 'except-session': excepted } = values;
  const account_type = accountTypeIn(values['account-type']);
  const accounts = values.account?.map((account) => ({ account, account_type }));
  const one = { account: values.account?.[0], account_type };
  const named = accounts !== undefined && accounts.length > 1 ? { accounts } : one;
  switch (type) {
    case 'user.login':
      return { app, platform, token, ...named, mode, session_id, installation_id, expires_at };
    case 'user.logout':
      return { app, platform, token, ...one, scope, session_id };
    case 'user.logout_everywhere':
      return { app, ...one, except: excepted === undefined ? undefined : { session_id: excepted } };
    case 'user.deleted':
      return { app, ...one };
    case 'device.gone':
      return { app, platform, token };
    case 'device.token_changed':
      if (accounts && values['no-accounts']) throw new UserError('give either --account or --no-accounts');
      return { app, platform, old_token, token, accounts: values['no-accounts'] ? [] : accounts, session_id };
  }
}

export const send = command({
  name: 'send',
  usage: 'bindery send <event> [options]',
  about: 'Signs an auth event and sends it once.',
  words: EVENT_WORDS,
  options: {
    ...EVENT_OPTIONS,
    id: { value: 'ID', help: 'message id; a repeated message has the id of the first. Default: random' },
    as: {
      value: 'KIND',
      help: `send as a provider does, whose own event comes in the place of the word; without one, its events are listed (docs/events.md). A kind is one of ${Object.keys(PROVIDERS).join(', ')}`,
    },
    source: { value: 'ID', help: 'the sender. Default: the first source of the local instance, or app' },
    ...TARGET_OPTIONS,
    json: { help: 'print the answer as one line of JSON' },
  },
  examples: [
    'bindery send login --app xg-android --token phone-1 --account alice',
    'bindery send logout --app xg-android --token phone-1',
    'bindery send logout-everywhere --account alice --except-session s1',
    'bindery send deleted --account alice',
    'bindery send token-changed --app xg-android --old-token phone-1 --token phone-2',
    'bindery send gone --app xg-android --token phone-1',
    'bindery send login --token phone-1 --account alice --url https://push.example.com --secret @secret.txt',
    'bindery send session.ended --as clerk --account alice',
  ],
  freeWith: 'as',
  run: async ({ word, values }, terminal) => {
    if (values.as !== undefined) return sendAs(values.as, word, values, terminal);
    if ((values.account?.length ?? 0) > 1 && word !== 'login' && word !== 'token-changed')
      throw new UserError(`\`send ${word}\` takes one --account`);
    const now = new Date();
    const body = JSON.stringify(eventOf(word, values, now));
    const target = await targetOf(values, terminal);
    const source = values.source ?? target.instance?.sources[0]?.id ?? 'app';
    const id = values.id ?? `msg_${randomUUID()}`;
    const again = `send it again with the same options and --id ${id} --at ${values.at ?? now.toISOString()}`;
    const headers = await signerOf(secretFor(source, target))({ id, body }, now.getTime());
    const answer = await post(`${target.url}/events/${encodeURIComponent(source)}`, headers, body, again);
    return report(answer, values.json === true, again, terminal);
  },
});

function secretFor(source: string, { secret, instance }: Target): string {
  const known = secret ?? instance?.sources.find(({ id }) => id === source)?.secret;
  if (known !== undefined) return known;
  throw instance === undefined ? missingSecret() : new UserError(`the local instance has no source "${source}"`);
}
