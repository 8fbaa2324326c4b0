import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
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

/** Hosted tokens as they are now, and what is known of them and wanted. */
const scenes = fc.record({
  dialect: fc.constantFrom(...dialects),
  tokens: fc.array(fc.record({ wanted: accounts, seen: accounts }), { maxLength: 50 }),
  order: fc.infiniteStream(fc.nat()),
});

type Side = Map<Token, Map<string, Account>>;

/** What the documents say that a call does. */
function take(side: Side, dialect: Dialect, call: MirrorCall): void {
  for (const token of tokensIn(call)) {
    const held = side.get(token) ?? new Map<string, Account>();
    const named = call.kind === 'unbindTokenFromAll' ? [] : call.elements.filter((one) => one.token === token);
    const accounts = named.flatMap((one) => one.accounts);
    const types = new Set(accounts.map(({ type }) => type));
    const goes = (key: string, { type }: Account): boolean => {
      if (call.kind === 'unbind') return accounts.some((one) => accountKey(one) === key);
      return call.kind === 'unbindTokenFromAll' || dialect === 'xg' || types.has(type);
    };
    const rest = [...held].filter(([key, one]) => !goes(key, one));
    const bound = call.kind === 'bindOverriding' ? accounts.map((one) => [accountKey(one), one] as const) : [];
    side.set(token, new Map([...rest, ...bound]));
  }
}

const tokenOf = (i: number) => Token.parse(`phone-${i}`);

describe('a plan', () => {
  test('makes every token equal, whatever of it was seen before and in whatever order its calls take effect', () => {
    fc.assert(
      fc.property(scenes, ({ dialect, tokens, order }) => {
        const side: Side = new Map();
        const wanted: Target[] = tokens.map(({ wanted, seen }, i) => {
          side.set(tokenOf(i), new Map(seen.map((one) => [accountKey(one), one])));
          return { token: tokenOf(i), accounts: holdable(dialect, wanted), seen };
        });
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

  test('makes one call for each twenty tokens that hold something, that hold nothing, and that have something left', () => {
    fc.assert(
      fc.property(scenes, ({ dialect, tokens }) => {
        const wanted = tokens.map(({ wanted, seen }, i) => ({
          token: tokenOf(i),
          accounts: holdable(dialect, wanted),
          seen,
        }));
        const held = wanted.filter(({ accounts }) => accounts.length > 0).length;
        const calls = planCalls(dialect, wanted);
        const of = (kind: MirrorCall['kind']) => calls.filter((call) => call.kind === kind);
        expect(of('bindOverriding')).toHaveLength(Math.ceil(held / TOKENS_A_CALL));
        expect(of('unbindTokenFromAll')).toHaveLength(Math.ceil((wanted.length - held) / TOKENS_A_CALL));
        expect(of('unbind').length).toBeLessThanOrEqual(dialect === 'xg' ? 0 : Math.ceil(held / TOKENS_A_CALL));
        for (const call of calls) expect(tokensIn(call).length).toBeLessThanOrEqual(TOKENS_A_CALL);
      }),
    );
  });

  test('for nothing is nothing', () => {
    expect(planCalls('tpns', [])).toEqual([]);
  });

  test("overrides, and unbinds by name what TPNS's override of other types would leave", () => {
    const [phone, alice, bobby] = [tokenOf(1), account(1, 'alice'), account(2, 'bobby')];
    const wanted = [{ token: phone, accounts: [alice], seen: [bobby, account(1, 'carol')] }];
    expect(planCalls('tpns', wanted)).toEqual([
      { kind: 'unbind', elements: [{ token: phone, accounts: [bobby] }] },
      { kind: 'bindOverriding', elements: [{ token: phone, accounts: [alice] }] },
    ]);
    expect(planCalls('xg', wanted)).toEqual([
      { kind: 'bindOverriding', elements: [{ token: phone, accounts: [alice] }] },
    ]);
  });
});

describe('what a hosted token can hold', () => {
  test('in TPNS: the newest account of each type', () => {
    const newestFirst = [account(0, 'carol'), account(1, 'bobby'), account(0, 'alice')];
    expect(holdable('tpns', newestFirst)).toEqual([account(0, 'carol'), account(1, 'bobby')]);
  });

  test('in XG: all of them, each once', () => {
    const all = [account(0, 'carol'), account(1, 'bobby'), account(0, 'alice')];
    expect(holdable('xg', [...all, account(0, 'carol')])).toEqual(all);
  });
});

test('a call in halves is about the same tokens, in the same order', () => {
  fc.assert(
    fc.property(scenes, ({ dialect, tokens }) => {
      const wanted = tokens.map(({ wanted, seen }, i) => ({ token: tokenOf(i), accounts: wanted, seen }));
      for (const call of planCalls(dialect, wanted)) {
        expect(halvesOf(call).flatMap(tokensIn)).toEqual(tokensIn(call));
        expect(halvesOf(call).every((half) => half.kind === call.kind)).toBe(true);
      }
    }),
  );
});
