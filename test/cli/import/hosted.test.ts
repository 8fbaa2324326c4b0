import { expect, test } from 'vitest';
import { askedLines } from '../../../cli/import/hosted.ts';
import type { Line } from '../../../cli/import/lines.ts';
import type { AccountsAnswer, TokensAnswer } from '../../../functions/account-api/client.ts';
import { account, token } from '../../world/examples.ts';

async function* list(): AsyncGenerator<Line> {
  for (let line = 1; line <= 45; line++) yield { line, rows: line === 7 ? [{}] : [{ token: `phone-${line}` }] };
}

async function asked(answer: (tokens: readonly string[]) => AccountsAnswer, after = 0) {
  const queries: number[] = [];
  const lines: Line[] = [];
  const accountsOf = async (tokens: readonly string[]) => {
    queries.push(tokens.length);
    return answer(tokens);
  };
  for await (const line of askedLines(list(), { accountsOf, tokensOf: unasked }, after)) lines.push(line);
  return { queries, lines };
}

const unasked = async (): Promise<never> => {
  throw new Error('not asked here');
};

const alice = (tokens: readonly string[]): AccountsAnswer => ({
  kind: 'found',
  accounts: tokens.map(() => [account('alice')]),
});

test('a hosted API is asked for 20 tokens at a time, and lines keep their order and their number', async () => {
  const { queries, lines } = await asked(alice);
  expect(queries).toEqual([6, 20, 18]);
  expect(lines.map(({ line }) => line)).toEqual(Array.from({ length: 45 }, (_, i) => i + 1));
  expect(lines[6]).toEqual({ line: 7, fault: 'no token and no account' });
  expect(lines[7]).toEqual({ line: 8, rows: [{ token: 'phone-8', account: 'alice', account_type: '0' }] });
});

test('a line without a token asks for the tokens of its account, and lines keep their order', async () => {
  async function* mixed(): AsyncGenerator<Line> {
    yield { line: 1, rows: [{ account: 'bob', account_type: '2' }] };
    yield { line: 2, rows: [{ account: 'carol' }] };
    yield { line: 3, rows: [{ token: 'phone-3' }] };
  }
  const queries = {
    tokensOf: async (): Promise<TokensAnswer> => ({ kind: 'found', tokens: [[token('a'), token('b')], []] }),
    accountsOf: async (tokens: readonly string[]) => alice(tokens),
  };
  const lines: Line[] = [];
  for await (const line of askedLines(mixed(), queries, 0)) lines.push(line);
  const bob = { account: 'bob', account_type: '2' };
  expect(lines).toEqual([
    { line: 1, rows: ['a', 'b'].map((token) => ({ token, ...bob })) },
    { line: 2, rows: [] },
    { line: 3, rows: [{ token: 'phone-3', account: 'alice', account_type: '0' }] },
  ]);
});

test('an import that goes on asks only for the lines that are left', async () => {
  expect((await asked(alice, 40)).lines.map(({ line }) => line)).toEqual([41, 42, 43, 44, 45]);
});

test('a hosted API that does not answer at once is asked again, and a wrong credential ends the import', async () => {
  let tries = 0;
  const late = await asked((tokens) =>
    ++tries === 1 ? { kind: 'unavailable', reason: 'HTTP 503', retryAfterMs: 1 } : alice(tokens),
  );
  expect(late.lines).toHaveLength(45);
  await expect(asked(() => ({ kind: 'unauthorized', reason: 'code 1' }))).rejects.toThrow('does not answer: code 1');
});
