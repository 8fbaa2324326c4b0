import { setTimeout } from 'node:timers/promises';
import { type AccountApiClient, type AccountsAnswer, accountApiClient } from '../../functions/account-api/client.ts';
import { type Account, Token } from '../../functions/core/account.ts';
import type { Dialect } from '../../functions/core/configuration.ts';
import { messageOf, UserError } from '../../local/user-error.ts';
import type { Line } from './lines.ts';
import type { Row } from './row.ts';

/** Tokens in one query, as the documents of the hosted services have it. */
const TOKENS_A_QUERY = 20;

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

type Asked = { readonly line: number; readonly token: Token };

/**
 * Asks a hosted API for the accounts of the tokens in lines of a list, and replaces each line by the bindings of its
 * token. Lines up to `after` are not asked again.
 */
export async function* askedLines(
  lines: AsyncIterable<Line>,
  { accountsOf }: Pick<AccountApiClient, 'accountsOf'>,
  after: number,
): AsyncGenerator<Line> {
  let waiting: Asked[] = [];
  for await (const read of lines) {
    if (read.line <= after) continue;
    const token = 'rows' in read ? Token.safeParse(read.rows[0]?.token) : undefined;
    if (token?.success) {
      waiting.push({ line: read.line, token: token.data });
    } else {
      // Lines keep their order: an import that goes on takes all lines before its place for sent.
      yield* answered(waiting, accountsOf);
      waiting = [];
      yield 'rows' in read ? { line: read.line, fault: 'no token' } : read;
    }
    if (waiting.length < TOKENS_A_QUERY) continue;
    yield* answered(waiting, accountsOf);
    waiting = [];
  }
  yield* answered(waiting, accountsOf);
}

async function* answered(asked: readonly Asked[], accountsOf: AccountApiClient['accountsOf']): AsyncGenerator<Line> {
  if (asked.length === 0) return;
  const tokens = asked.map(({ token }) => token);
  const answer = await triedOften(() => accountsOf(tokens));
  if (answer.kind === 'unauthorized' || answer.kind === 'unavailable')
    throw new UserError(`the hosted API does not answer: ${answer.reason}. Run the command again to go on.`);
  for (const [i, { line, token }] of asked.entries()) {
    if (answer.kind === 'refused') yield { line, fault: `the hosted API refused the query: ${answer.reason}` };
    else yield { line, rows: (answer.accounts[i] ?? []).map((account) => rowOf(token, account)) };
  }
}

const rowOf = (token: Token, { id, type }: Account): Row => ({ token, account: id, account_type: `${type}` });

async function triedOften(ask: () => Promise<AccountsAnswer>): Promise<AccountsAnswer> {
  for (let tries = 1; ; tries++) {
    const answer = await ask();
    if (answer.kind !== 'unavailable' || tries === TRIES) return answer;
    await setTimeout(answer.retryAfterMs ?? WAIT_MS * 2 ** (tries - 1));
  }
}
