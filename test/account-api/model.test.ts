import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { account as element, world } from '../world/account-api.ts';

const TOKENS = ['phone', 'tablet', 'watch'] as const;
const ACCOUNTS = [
  ['alice', 0],
  ['bobby', 0],
  ['alice', 1],
] as const;

type Token = (typeof TOKENS)[number];
type Account = (typeof ACCOUNTS)[number];
type Call =
  | { readonly kind: 1 | 2 | 3; readonly elements: readonly { token: Token; accounts: readonly Account[] }[] }
  | { readonly kind: 4; readonly tokens: readonly Token[] }
  | { readonly kind: 5; readonly accounts: readonly Account[] };

const tokens = fc.array(fc.constantFrom(...TOKENS), { minLength: 1, maxLength: 3 });
const accounts = fc.array(fc.constantFrom(...ACCOUNTS), { minLength: 1, maxLength: 3 });
const elements = fc.array(fc.record({ token: fc.constantFrom(...TOKENS), accounts }), { minLength: 1, maxLength: 3 });
const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ kind: fc.constantFrom(1 as const, 2 as const, 3 as const), elements }),
  fc.record({ kind: fc.constant(4 as const), tokens }),
  fc.record({ kind: fc.constant(5 as const), accounts }),
);

type Pair = { readonly token: Token; readonly account: Account };

/** The effect of a call according to the documents, on a plain list of bindings. */
function after(call: Call, bound: readonly Pair[], isTyped: boolean): readonly Pair[] {
  switch (call.kind) {
    case 4:
      return bound.filter(({ token }) => !call.tokens.includes(token));
    case 5:
      return bound.filter(({ account }) => !call.accounts.includes(account));
    default:
      return call.elements.reduce((pairs, { token, accounts }) => {
        const [others, own] = [
          pairs.filter((pair) => pair.token !== token),
          pairs.filter((pair) => pair.token === token),
        ];
        const held = own.map(({ account }) => account);
        return [...others, ...accountsAfter(call.kind, held, accounts, isTyped).map((account) => ({ token, account }))];
      }, bound);
  }
}

function accountsAfter(
  kind: 1 | 2 | 3,
  held: readonly Account[],
  named: readonly Account[],
  isTyped: boolean,
): Account[] {
  if (kind === 3) return held.filter((account) => !named.includes(account));
  if (isTyped) return [...new Map([...held, ...named].map((account) => [account[1], account])).values()];
  return [...new Set(kind === 2 ? named : [...held, ...named])];
}

const written = (call: Call) => {
  if (call.kind === 4) return { operator_type: 4, token_list: call.tokens };
  if (call.kind === 5)
    return { operator_type: 5, account_list: call.accounts.map(([id, type]) => element([id, type])) };
  return {
    operator_type: call.kind,
    token_accounts: call.elements.map(({ token, accounts }) => ({
      token,
      account_list: accounts.map(([id, type]) => element([id, type])),
    })),
  };
};

test.each([
  ['xg', false],
  ['tpns', false],
  ['xg-typed', true],
  ['tpns-typed', true],
])(
  'calls to %s have the effects of the documents, in both directions, whatever the clock does',
  async (app, isTyped) => {
    const step = fc.record({ call, clockMs: fc.integer({ min: -5_000, max: 1_000 }) });
    const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const at = world();
      let bound: readonly Pair[] = [];
      for (const { call, clockMs } of steps) {
        at.state.ms += clockMs;
        await at.operate(app, written(call));
        bound = after(call, bound, isTyped);
      }
      for (const token of TOKENS) {
        const held = bound.filter((pair) => pair.token === token).map(({ account: [id, type] }) => `${type}#${id}`);
        expect((await at.held(app, token)).sort()).toEqual(held.sort());
      }
      for (const account of ACCOUNTS) {
        const holders = bound.filter((pair) => pair.account === account).map(({ token }) => token);
        expect((await at.holders(app, ...account)).sort()).toEqual(holders.sort());
      }
    });
    await fc.assert(property, { seed: 20_260_102, numRuns: 300 });
  },
);
