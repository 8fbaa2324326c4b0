import { DOCUMENT_LIMITS, type Limits } from '../../functions/core/merge.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { eventHash, type StampedKind, stampOf } from '../../functions/core/stamp.ts';
import { ACCOUNTS, APP, BEGINNING_MS, SESSIONS, TOKENS, textOf } from './cast.ts';
import type { Run } from './finding.ts';
import { after, digest, NOTHING, type Registers, shown } from './lattice.ts';
import { present } from './random.ts';
import { serial } from './serial.ts';

const [phone, tablet] = [present(TOKENS[0]), present(TOKENS[1])];
const [alice, bob, carol] = [present(ACCOUNTS[0]), present(ACCOUNTS[1]), present(ACCOUNTS[2])];
const [session, other] = [present(SESSIONS[0]), present(SESSIONS[1])];

const at = <K extends StampedKind>(kind: K, ms: number) => ({
  kind,
  app: APP,
  stamp: stampOf(kind, BEGINNING_MS + ms, eventHash('catalogue', kind, String(ms))),
});

const issued = (ms: number) => ({ issuedMs: BEGINNING_MS + ms });

/** One operation of every kind, scope and relation: before, at the same millisecond, after; with and without a session. */
const CATALOGUE: readonly Operation[] = [
  { ...at('bind', 1), token: phone, accounts: [alice] },
  { ...at('bindOverriding', 2), scope: 'token', token: phone, accounts: [alice, carol], session },
  { ...at('unbindAccountFromAll', 3), account: alice },
  { ...at('bindOverriding', 4), scope: 'types', token: phone, accounts: [alice, bob, carol] },
  { ...at('unbind', 4), token: phone, accounts: [carol] },
  { ...at('unbindTokenFromAll', 5), token: phone, session },
  { ...at('bind', 5), token: phone, accounts: [bob, carol], session },
  { ...at('unbind', 6), token: phone, accounts: [bob, alice], session },
  { ...at('bindOverriding', 7), scope: 'types', token: phone, accounts: [alice] },
  { ...at('bind', 7), token: tablet, accounts: [alice] },
  { ...at('bind', 8), token: phone, accounts: [alice, bob], session },
];

/** Operations of one account each, on one token: enough to overflow a document of two accounts in every way. */
const OVERFLOWING: readonly Operation[] = [
  { ...at('bind', 1), token: phone, accounts: [alice] },
  { ...at('bind', 2), token: phone, accounts: [carol] },
  { ...at('unbind', 3), token: phone, accounts: [carol] },
  { ...at('unbind', 4), token: phone, accounts: [bob] },
  { ...at('bind', 5), token: phone, accounts: [alice] },
  { ...at('bind', 6), token: phone, accounts: [bob] },
  { ...at('bindOverriding', 7), scope: 'types', token: phone, accounts: [alice] },
  { ...at('bindOverriding', 8), scope: 'types', token: phone, accounts: [carol] },
];

/** Sign-ins with bearers from before what came meanwhile, and sign-outs of each kind between: all of them matter here. */
const BEARERS: readonly Operation[] = [
  { ...at('bindOverriding', 9), scope: 'token', token: phone, accounts: [alice], session, ...issued(3) },
  { ...at('bind', 7), token: tablet, accounts: [{ ...alice, ...issued(6) }, bob] },
  { ...at('unbindAccountFromAll', 2), account: alice },
  { ...at('unbindAccountFromAll', 6), account: alice },
  { ...at('unbindAccountFromOthers', 5), account: alice, session },
  { ...at('unbindAccountFromOthers', 8), account: alice, session: other },
  { ...at('endAccountSession', 4), account: alice, session },
  { ...at('unbind', 8), token: phone, accounts: [alice] },
  { ...at('bindOverriding', 10), scope: 'token', token: tablet, accounts: [{ ...alice, session }], ...issued(5) },
];

/** The choices of `size` items, in a fixed order. */
function choices<T>(items: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) => choices(items.slice(i + 1), size - 1).map((rest) => [item, ...rest]));
}

/** All choices of five of what overflows a small document, of six of the catalogue, and of five with bearers. */
export const PERMUTED = [
  ...choices(OVERFLOWING, 5).map((operations) => ({ operations, limits: { ...DOCUMENT_LIMITS, edges: 2 } })),
  ...choices(CATALOGUE, 6).map((operations) => ({ operations, limits: DOCUMENT_LIMITS })),
  ...choices(BEARERS, 5).map((operations) => ({ operations, limits: DOCUMENT_LIMITS })),
];

type OrderResult = { readonly state: Registers; readonly order: readonly Operation[] };

/** Every order in which the operations can be delivered one by one, with the registers it ends with. */
function* orders({ state, order }: OrderResult, left: readonly Operation[], limits: Limits): Generator<OrderResult> {
  if (left.length === 0) yield { state, order };
  for (const next of left) {
    const delivered = { state: after(state, [next], { limits }), order: [...order, next] };
    const others = left.filter((other) => other !== next);
    yield* orders(delivered, others, limits);
  }
}

/**
 * All orders of one choice end with the same registers, and those show the serial order's bindings. A document that
 * overflows shows no more than those.
 */
export function everyOrder(seed: number): Run {
  const { operations, limits } = present(PERMUTED[seed % PERMUTED.length]);
  const bound = [...serial(operations).keys()].sort();
  let cases = 0;
  let registers: string | undefined;
  for (const { state, order } of orders({ state: NOTHING, order: [] }, operations, limits)) {
    cases++;
    const actual = shown(state).sort();
    const ended = digest(state);
    registers ??= ended;
    const isRight = actual.join() === bound.join() && ended === registers;
    const isSafe = limits !== DOCUMENT_LIMITS && actual.every((pair) => bound.includes(pair));
    if (isRight || isSafe) continue;
    const oracle = 'O1 every order ends with the bindings of the serial order, and with the same registers';
    const [expected, found] = [`${bound.join('; ')} ${registers}`, `${actual.join('; ')} ${ended}`];
    return { cases, finding: { seed, oracle, expected, actual: found, trace: order.map(textOf) } };
  }
  return { cases, finding: undefined };
}
