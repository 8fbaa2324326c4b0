import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Account, accountKey, Token } from '../../functions/core/account.ts';
import type { Dialect } from '../../functions/core/configuration.ts';
import {
  halvesOf,
  holdable,
  type MirrorCall,
  planCalls,
  type Target,
  TOKENS_A_CALL,
  tokensIn,
} from '../../functions/mirror/plan.ts';

const account = (type: number, id: string) => Account.parse({ type, id });
const accounts = fc
  .uniqueArray(fc.record({ type: fc.integer({ min: 0, max: 3 }), id: fc.constantFrom('alice', 'bobby', 'carol') }), {
    selector: (one) => `${one.type}#${one.id}`,
    maxLength: 6,
  })
  .map((list) => list.map(({ type, id }) => account(type, id)));

const dialects: readonly Dialect[] = ['xg', 'tpns'];

/** Hosted tokens, their accounts, and the accounts that they must hold. */
const scenes = fc.record({
  dialect: fc.constantFrom(...dialects),
  tokens: fc.array(fc.record({ wanted: accounts, seen: accounts }), { maxLength: 50 }),
  order: fc.infiniteStream(fc.nat()),
});

type HostedTokens = Map<Token, Map<string, Account>>;

/** Does the work of a call as documented. */
function take(side: HostedTokens, dialect: Dialect, call: MirrorCall): void {
  for (const token of tokensIn(call)) {
    const before = side.get(token) ?? new Map<string, Account>();
    const named = call.kind === 'unbindTokenFromAll' ? [] : call.elements.filter((one) => one.token === token);
    const accounts = named.flatMap((one) => one.accounts);
    const types = new Set(accounts.map(({ type }) => type));
    const goes = (key: string, { type }: Account): boolean => {
      if (call.kind === 'unbind') return accounts.some((one) => accountKey(one) === key);
      return call.kind === 'unbindTokenFromAll' || dialect === 'xg' || types.has(type);
    };
    const rest = [...before].filter(([key, one]) => !goes(key, one));
    const bound = call.kind === 'bindOverriding' ? accounts.map((one) => [accountKey(one), one] as const) : [];
    side.set(token, new Map([...rest, ...bound]));
  }
}

const tokenOf = (i: number) => Token.parse(`phone-${i}`);
const targetsOf = ({ dialect, tokens }: { dialect: Dialect; tokens: { wanted: Account[]; seen: Account[] }[] }) =>
  tokens.map(({ wanted, seen }, i): Target => ({ token: tokenOf(i), accounts: holdable(dialect, wanted), seen }));

test('a plan makes every token equal from any state before, with its calls in any order', () => {
  fc.assert(
    fc.property(scenes, ({ dialect, tokens, order }) => {
      const wanted = targetsOf({ dialect, tokens });
      const side: HostedTokens = new Map(
        wanted.map(({ token, seen }) => [token, new Map(seen.map((one) => [accountKey(one), one]))]),
      );
      const calls = planCalls(dialect, wanted);
      while (calls.length > 0) {
        const [call] = calls.splice((order.next().value ?? 0) % calls.length, 1);
        if (call) take(side, dialect, call);
      }
      for (const { token, accounts } of wanted)
        expect([...(side.get(token) ?? [])].map(([key]) => key).sort()).toEqual(accounts.map(accountKey).sort());
    }),
    { numRuns: 2_000 },
  );
});

test('a plan makes one call for each twenty tokens to bind, to empty and to clean up', () => {
  fc.assert(
    fc.property(scenes, ({ dialect, tokens }) => {
      const wanted = targetsOf({ dialect, tokens });
      const bound = wanted.filter(({ accounts }) => accounts.length > 0).length;
      const calls = planCalls(dialect, wanted);
      const of = (kind: MirrorCall['kind']) => calls.filter((call) => call.kind === kind);
      expect(of('bindOverriding')).toHaveLength(Math.ceil(bound / TOKENS_A_CALL));
      expect(of('unbindTokenFromAll')).toHaveLength(Math.ceil((wanted.length - bound) / TOKENS_A_CALL));
      expect(of('unbind').length).toBeLessThanOrEqual(dialect === 'xg' ? 0 : Math.ceil(bound / TOKENS_A_CALL));
      for (const call of calls) expect(tokensIn(call).length).toBeLessThanOrEqual(TOKENS_A_CALL);
    }),
  );
});

test('a TPNS token holds the newest account of each type', () => {
  const newestFirst = [account(0, 'carol'), account(1, 'bobby'), account(0, 'alice')];
  expect(holdable('tpns', newestFirst)).toEqual([account(0, 'carol'), account(1, 'bobby')]);
});

test('an XG token holds all accounts, each once', () => {
  const all = [account(0, 'carol'), account(1, 'bobby'), account(0, 'alice')];
  expect(holdable('xg', [...all, account(0, 'carol')])).toEqual(all);
});

test('a call in halves is about the same tokens, in the same order', () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      for (const call of planCalls(scene.dialect, targetsOf(scene))) {
        expect(halvesOf(call).flatMap(tokensIn)).toEqual(tokensIn(call));
        expect(halvesOf(call).every((half) => half.kind === call.kind)).toBe(true);
      }
    }),
  );
});
