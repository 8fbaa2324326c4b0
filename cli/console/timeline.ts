import {
  type Account,
  AccountId,
  AccountType,
  accountKey,
  parseAccountKey,
  Token,
  tokenOn,
} from '../../functions/core/account.ts';
import { type App, AppId } from '../../functions/core/configuration.ts';
import { isTokenOperation, type Operation } from '../../functions/core/operation.ts';
import { msOf } from '../../functions/core/stamp.ts';
import type { TokenRef } from '../../functions/core/store.ts';
import type { Entry, HistoryReader } from '../../functions/history/entry.ts';
import { accountsIn, answerAt, type TokenLedger } from '../../functions/history/replay.ts';
import type { Lane, LedgerLine, Question, Timeline } from '../../local/console/wire.ts';
import { UserError } from '../../local/user-error.ts';

/** The most lanes, spans of a lane, and lines: a person may have a thousand phones. */
const MOST_LANES = 40;
const MOST_SPANS = 200;
const MOST_LINES = 300;

type KnownApp = Pick<App, 'platform'> & { readonly id: string };

/** The history of a token or an account, from the ledger. */
export async function timelineOf(
  reader: HistoryReader,
  apps: readonly KnownApp[],
  question: Question,
): Promise<Timeline> {
  const { of, name = '', app: id, type = '0' } = question;
  const known = apps.find((one) => one.id === id);
  if (known === undefined) throw new UserError(`no app has the id "${id}"`);
  const app = AppId.parse(known.id);
  const nowMs = Date.now();
  const { lanes, entries, more } =
    of === 'account'
      ? await ofAccount(reader, app, { id: AccountId.parse(name), type: AccountType.parse(Number(type)) }, nowMs)
      : await ofToken(reader, { app, token: tokenOn(known.platform, Token.parse(name)) }, nowMs);
  const newest = entries.toSorted((a, b) => msOf(b.operation.stamp) - msOf(a.operation.stamp));
  return {
    nowMs,
    beginMs: entries.reduce((beginMs, { operation }) => Math.min(beginMs, msOf(operation.stamp)), nowMs),
    lanes,
    leftOut: { lanes: more, lines: Math.max(0, newest.length - MOST_LINES) },
    lines: newest.slice(0, MOST_LINES).map(lineOf),
  };
}

/** `more`: lanes that are left out. */
type Found = { readonly lanes: readonly Lane[]; readonly entries: readonly Entry[]; readonly more: number };

async function ofToken(reader: HistoryReader, ref: TokenRef, nowMs: number): Promise<Found> {
  const entries = await reader.ofToken(ref);
  const all = accountsIn(entries);
  const accounts = all.slice(-MOST_LANES);
  const read = accounts.map(async (key) => {
    const found = await reader.ofAccount({ app: ref.app, account: parseAccountKey(key) }, 'signOuts');
    return [key, found] as const;
  });
  const signOuts = new Map(await Promise.all(read));
  const lanes = accounts.map((key) => laneOf({ entries, signOuts, nowMs }, key, nameOf(parseAccountKey(key)), ref.app));
  const own = [...signOuts.values()].flat();
  return { lanes, entries: [...entries, ...own], more: all.length - accounts.length };
}

async function ofAccount(reader: HistoryReader, app: AppId, account: Account, nowMs: number): Promise<Found> {
  const entries = await reader.ofAccount({ app, account });
  const key = accountKey(account);
  const signOuts = new Map([[key, entries.filter(({ operation }) => !isTokenOperation(operation))]]);
  const tokens = new Set(entries.flatMap(({ operation }) => (isTokenOperation(operation) ? [operation.token] : [])));
  const read = [...tokens].slice(-MOST_LANES).map(async (token) => {
    const ledger = { entries: await reader.ofToken({ app, token }), signOuts, nowMs };
    return laneOf(ledger, key, token, app);
  });
  return { lanes: await Promise.all(read), entries, more: tokens.size - read.length };
}

/** Goes back from now, from one standing to the one before it. */
function laneOf(ledger: TokenLedger, key: ReturnType<typeof accountKey>, name: string, app: string): Lane {
  const spans: Lane['spans'][number][] = [];
  for (let atMs: number | undefined = ledger.nowMs; atMs !== undefined && spans.length < MOST_SPANS; ) {
    const { standing, fromMs, untilMs } = answerAt(ledger, key, atMs);
    spans.push({ standing, fromMs, untilMs });
    atMs = fromMs === undefined ? undefined : fromMs - 1;
  }
  return { name, app, spans };
}

const nameOf = ({ id, type }: Account): string => (type === 0 ? id : `${id} · type ${type}`);

const VERBS: Readonly<Record<Operation['kind'], string>> = {
  bind: 'signed in',
  bindOverriding: 'signed in',
  unbind: 'signed out',
  unbindTokenFromAll: 'all signed out',
  endSession: 'a session ended',
  unbindAccountFromAll: 'signed out everywhere',
  unbindAccountFromOthers: 'signed out elsewhere',
  endAccountSession: 'ended a session',
};

function lineOf({ operation, appliedMs, outcome, reason, from = '' }: Entry): LedgerLine {
  const accounts = 'accounts' in operation ? operation.accounts : 'account' in operation ? [operation.account] : [];
  return {
    happenedMs: msOf(operation.stamp),
    appliedMs,
    people: accounts.map(nameOf),
    verb: VERBS[operation.kind],
    token: isTokenOperation(operation) ? operation.token : '',
    outcome: [outcome, reason].filter(Boolean).join(': '),
    from,
  };
}
