import * as z from 'zod';
import { historyReader } from '../../functions/aws/history-reader.ts';
import {
  type Account,
  AccountId,
  AccountType,
  accountKey,
  parseAccountKey,
  Token,
  tokenOn,
} from '../../functions/core/account.ts';
import type { App } from '../../functions/core/configuration.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { HistoryReader } from '../../functions/history/entry.ts';
import { receiptAnswer } from '../../functions/history/receipt.ts';
import { type Answer, answersAt } from '../../functions/history/replay.ts';
import { readConfiguration } from '../../infra/configuration.ts';
import { UserError } from '../../local/user-error.ts';
import { command, type Options, type Terminal, type Values } from '../command.ts';
import { waitingOn } from '../import/where.ts';
import { PLACE_OPTIONS, type Place, placeOf } from '../place.ts';
import { accountTypeIn } from '../send.ts';
import { printable } from '../table.ts';
import { entriesOfAccount, entriesOfToken, ledgerOf, ledgerOfAccount, tokensAt } from './search.ts';
import { checkedMoment, local, momentIn, zone } from './time.ts';
import { nameOf, receiptLines, sentence, tableOf } from './words.ts';

const OPTIONS = {
  token: { value: 'T', help: 'the history of this token' },
  account: { value: 'A', help: 'the history of this account' },
  'account-type': { value: 'N', help: 'type of the account. Default: 0' },
  request: { value: 'ID', help: 'what became of the request with this id' },
  at: {
    value: 'TIME',
    help: 'who could have received a push on the token then, or on which tokens the account could be reached: 14:03 is the last one in the local time zone, ISO 8601 is taken too',
  },
  app: { value: 'ID', help: 'the app. Default: every app' },
  config: { value: 'FILE', help: 'the configuration', default: 'bindery.json' },
  ...PLACE_OPTIONS,
  json: { help: 'print one line of JSON for each app' },
} as const satisfies Options;

type Given = Values<typeof OPTIONS>;

export const history = command({
  name: 'history',
  usage: 'bindery history --token T | --account A | --request ID [options]',
  about:
    'Prints every operation on a token or an account from the ledger, or with --at who could have received a push at a moment. What was on its way at that moment is answered with perhaps, and when it was accepted and in effect.',
  options: OPTIONS,
  examples: [
    'bindery history --token phone-1 --at 14:03',
    'bindery history --account alice --app xg-android --at 2026-11-28T14:03:00+01:00 --stage prod',
    'bindery history --request f3Q0bgABCiAEJ-Q=',
  ],
  notes:
    'The output has names and tokens: they are personal data. A worker writes the ledger some seconds after an event was accepted, so an answer about the last minute may still change.',
  run: async ({ values }, terminal) => {
    const { token, account, request } = values;
    if ([token, account, request].filter((one) => one !== undefined).length !== 1)
      throw new UserError('give one of --token, --account and --request');
    const place = await placeOf(values, terminal);
    const search = searchIn(values, place);
    if (values.at !== undefined) for (const line of await onTheWay(place)) terminal.warn(line);
    const lines = await calling(place, () =>
      request === undefined ? answers(values, search, terminal) : receipt(search, request, values.json === true),
    );
    for (const line of lines) terminal.print(line);
    return 0;
  },
});

type Search = {
  readonly reader: HistoryReader;
  readonly apps: readonly Pick<App, 'id' | 'platform'>[];
  readonly days: number;
  readonly nowMs: number;
};

function searchIn({ config, app }: Given, { history: table, instance, name }: Place): Search {
  const read = readConfiguration(config);
  if ('problems' in read) throw new UserError(...read.problems);
  const { apps: configured, history } = read.configuration;
  if (table === undefined || history.days === 0)
    throw new UserError(`${name} has no ledger: history.days in bindery.json is 0`);
  const all = instance?.apps ?? configured;
  const apps = all.filter(({ id }) => app === undefined || app === id);
  if (apps.length === 0) throw new UserError(`there is no app "${app}": ${all.map(({ id }) => id).join(', ')}`);
  return { reader: historyReader(table, Date.now), apps, days: history.days, nowMs: Date.now() };
}

/** The line that an answer needs while operations wait to be in the ledger. */
async function onTheWay(place: Place): Promise<string[]> {
  try {
    const count = await waitingOn(place);
    if (count === 0) return [];
    return [
      `${count} messages wait on the operations queue: what they did may be missing. Ask again when it is empty.`,
    ];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return ['The operations queue cannot be read: what waits on it may be missing.'];
  }
}

/** A failed read becomes one line. */
async function calling<T>({ name }: Place, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Unavailable) throw new UserError(`the ledger of ${name} cannot be read: ${error.reason}`);
    throw error;
  }
}

async function receipt({ reader }: Search, id: string, isJson: boolean): Promise<string[]> {
  const answer = receiptAnswer(id, await reader.ofRequest(id), () => true);
  if (isJson) return [JSON.stringify(answer ?? null)];
  return answer ? receiptLines(answer) : ['the request is unknown, not applied yet, or older than the ledger'];
}

async function answers(values: Given, search: Search, { warn }: Terminal): Promise<string[]> {
  const { nowMs, days, reader, apps } = search;
  const atMs = values.at === undefined ? undefined : checkedMoment(momentIn(values.at, nowMs), nowMs, days);
  if (atMs !== undefined) for (const line of beginning(await reader.begunMs(), atMs)) warn(line);
  const found: Found[] = [];
  for (const app of apps)
    found.push(
      values.token === undefined
        ? await ofAccount(search, app, accountIn(values), atMs)
        : await ofToken(search, app, valid(Token, 'token', values.token), atMs),
    );
  // Of many apps those that know nothing are left out.
  const shown = found.filter(({ isEmpty }) => !isEmpty || apps.length === 1);
  if (values.json) return shown.map(({ json }) => JSON.stringify(json));
  const when = atMs === undefined ? '' : ` at ${local(atMs)} (${zone()})`;
  return shown.length === 0
    ? [`the ledger shows nothing${when}, in any app`]
    : shown.flatMap(({ lines }, i) => (i === 0 ? lines : ['', ...lines]));
}

const DAY_MS = 86_400_000;

/** The line that an answer about the beginning of the ledger needs. */
function beginning(begunMs: number | undefined, atMs: number): string[] {
  if (begunMs === undefined)
    return [
      'The sweep has not gone over the registry since the ledger began: what was bound before it may be missing.',
    ];
  if (atMs >= begunMs + 2 * DAY_MS) return [];
  return [`The ledger begins at ${local(begunMs)}: what was bound before it, and ended soon after, may be missing.`];
}

type Found = { readonly isEmpty: boolean; readonly lines: readonly string[]; readonly json: object };

async function ofToken(
  { reader, nowMs }: Search,
  app: Search['apps'][number],
  given: Token,
  atMs?: number,
): Promise<Found> {
  const token = tokenOn(app.platform, given);
  const ledger = await ledgerOf(reader, { app: app.id, token }, nowMs);
  const title = `${app.id}, token ${printable(token)}`;
  if (atMs === undefined) {
    const entries = entriesOfToken(ledger);
    const isEmpty = ledger.entries.length === 0;
    return { isEmpty, lines: [title, ...tableOf(entries, false)], json: { app: app.id, token, entries } };
  }
  const found = answersAt(ledger, atMs);
  const lines = found.map((answer) => sentence(nameOf(answer.account), answer));
  const none = lines.length === 0 ? ['  no account'] : ['  no other account'];
  return {
    isEmpty: found.length === 0,
    lines: [`${title}, at ${local(atMs)} (${zone()}):`, ...lines, ...none],
    json: {
      app: app.id,
      token,
      at: new Date(atMs).toISOString(),
      answers: found.map((answer) => ({ ...parseAccountKey(answer.account), ...jsonOf(answer) })),
    },
  };
}

async function ofAccount(
  { reader, nowMs }: Search,
  app: Search['apps'][number],
  account: Account,
  atMs?: number,
): Promise<Found> {
  const ledger = await ledgerOfAccount(reader, { app: app.id, account }, nowMs);
  const title = `${app.id}, account ${nameOf(accountKey(account))}`;
  const more = ledger.hasMore ? ['  the account has more tokens: these are its newest'] : [];
  if (atMs === undefined) {
    const entries = entriesOfAccount(ledger);
    const isEmpty = entries.length === 0;
    return {
      isEmpty,
      lines: [title, ...tableOf(entries, true), ...more],
      json: { app: app.id, account, entries, has_more: ledger.hasMore },
    };
  }
  const found = tokensAt(ledger, accountKey(account), atMs);
  const lines = found.map(({ token, answer }) => sentence(printable(token), answer));
  const none = lines.length === 0 ? ['  no token'] : ['  no other token'];
  const json = {
    app: app.id,
    account,
    at: new Date(atMs).toISOString(),
    answers: found.map(({ token, answer }) => ({ token, ...jsonOf(answer) })),
    has_more: ledger.hasMore,
  };
  return {
    isEmpty: found.length === 0,
    lines: [`${title}, at ${local(atMs)} (${zone()}):`, ...lines, ...none, ...more],
    json,
  };
}

const jsonOf = ({ standing, fromMs, untilMs }: Answer) => ({
  standing,
  ...(fromMs !== undefined && { from: new Date(fromMs).toISOString() }),
  ...(untilMs !== undefined && { until: new Date(untilMs).toISOString() }),
});

const accountIn = (values: Given): Account => ({
  type: accountTypeIn(values['account-type']) ?? AccountType.parse(0),
  id: valid(AccountId, 'account', values.account),
});

function valid<S extends z.core.$ZodType>(schema: S, option: string, value: unknown): z.output<S> {
  const read = z.safeParse(schema, value);
  if (read.success) return read.data;
  throw new UserError(`--${option}: ${read.error.issues[0]?.message}`);
}
