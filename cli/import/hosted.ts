import { setTimeout } from 'node:timers/promises';
import { type AccountApiClient, accountApiClient, type NotAnswered } from '../../functions/account-api/client.ts';
import { Account, Token } from '../../functions/core/account.ts';
import type { Dialect } from '../../functions/core/configuration.ts';
import { messageOf, UserError } from '../../local/user-error.ts';
import type { Line } from './lines.ts';
import type { Row } from './row.ts';

/** Tokens or accounts in one query, as the documents of the hosted services have it. */
const ASKED_AT_ONCE = 20;

/** The limit of one query (ms). */
const TIMEOUT_MS = 10_000;

/** Tries of one query, with a wait that doubles from a second (ms): together about four minutes. */
const TRIES = 8;
const WAIT_MS = 1_000;

/** A client for queries of a hosted API. A fault in the options is the user's. */
export function hostedClient(options: {
  readonly url: string;
  readonly app: string;
  readonly secret: string;
  readonly dialect: Dialect;
}): AccountApiClient {
  try {
    return accountApiClient({ ...options, authentication: 'basic', timeoutMs: TIMEOUT_MS, now: Date.now });
  } catch (error) {
    throw new UserError(messageOf(error));
  }
}

type Asked = { readonly line: number } & ({ readonly token: Token } | { readonly account: Account });

type Queries = Pick<AccountApiClient, 'accountsOf' | 'tokensOf'>;

/**
 * Asks a hosted API for the accounts of the tokens in lines of a list, or for the tokens of the accounts in lines without a
 * token, and replaces each line by its bindings. Lines up to `after` are not asked again.
 */
export async function* askedLines(lines: AsyncIterable<Line>, queries: Queries, after: number): AsyncGenerator<Line> {
  let waiting: Asked[] = [];
  for await (const read of lines) {
    if (read.line <= after) continue;
    const asked = askedIn(read);
    // Lines keep their order: an import that goes on takes all lines before its place for sent.
    if (!fits(asked, waiting)) {
      yield* answered(waiting, queries);
      waiting = [];
    }
    if (isAsked(asked)) waiting.push(asked);
    else yield asked;
  }
  yield* answered(waiting, queries);
}

function askedIn(read: Line): Asked | Line {
  if (!('rows' in read)) return read;
  const { line, rows } = read;
  const { token, account, account_type: type = 0 } = rows[0] ?? {};
  if (token) {
    const { data } = Token.safeParse(token);
    return data ? { line, token: data } : { line, fault: 'token: is none' };
  }
  if (!account) return { line, fault: 'no token and no account' };
  const { data } = Account.safeParse({ type: Number(type), id: account });
  return data ? { line, account: data } : { line, fault: 'account: is none' };
}

function isAsked(one: Asked | Line): one is Asked {
  return 'token' in one || 'account' in one;
}

/** Tests that the query of the waiting lines can take one more. */
function fits(asked: Asked | Line, waiting: readonly Asked[]): boolean {
  const isLike = (one: Asked) => 'token' in one === 'token' in asked;
  return isAsked(asked) && waiting.length < ASKED_AT_ONCE && waiting.every(isLike);
}

async function* answered(asked: readonly Asked[], queries: Queries): AsyncGenerator<Line> {
  if (asked.length === 0) return;
  const answer = await triedOften(() => rowsOf(asked, queries));
  if (answer.kind === 'unauthorized' || answer.kind === 'unavailable')
    throw new UserError(`the hosted API does not answer: ${answer.reason}. Run the command again to go on.`);
  for (const [i, { line }] of asked.entries()) {
    if (answer.kind === 'refused') yield { line, fault: `the hosted API refused the query: ${answer.reason}` };
    else yield { line, rows: answer.rows[i] ?? [] };
  }
}

type Answer = { readonly kind: 'found'; readonly rows: readonly (readonly Row[])[] } | NotAnswered;

/** Sends one query. All lines of it have tokens, or all have accounts. */
async function rowsOf(asked: readonly Asked[], { accountsOf, tokensOf }: Queries): Promise<Answer> {
  const tokens = asked.flatMap((one) => ('token' in one ? [one.token] : []));
  if (tokens.length > 0) {
    const answer = await accountsOf(tokens);
    if (answer.kind !== 'found') return answer;
    return {
      kind: 'found',
      rows: tokens.map((token, i) => (answer.accounts[i] ?? []).map((one) => rowOf(token, one))),
    };
  }
  const accounts = asked.flatMap((one) => ('account' in one ? [one.account] : []));
  const answer = await tokensOf(accounts);
  if (answer.kind !== 'found') return answer;
  return { kind: 'found', rows: accounts.map((one, i) => (answer.tokens[i] ?? []).map((token) => rowOf(token, one))) };
}

const rowOf = (token: Token, { id, type }: Account): Row => ({ token, account: id, account_type: `${type}` });

async function triedOften(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await ask();
    if (answer.kind !== 'unavailable' || tries === TRIES) return answer;
    await setTimeout(answer.retryAfterMs ?? WAIT_MS * 2 ** (tries - 1));
  }
}
