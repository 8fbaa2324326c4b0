import type { Operation } from '../../functions/core/operation.ts';
import { eventHash, type StampedKind, stampOf } from '../../functions/core/stamp.ts';
import { ACCOUNTS, APP, BEGINNING_MS, SESSIONS, TOKENS, told } from './cast.ts';
import type { Finding } from './finding.ts';
import { after, digest, NOTHING, type Registers, shown } from './lattice.ts';
import { present } from './random.ts';
import { serial } from './serial.ts';

const [phone, tablet] = [present(TOKENS[0]), present(TOKENS[1])];
const [alice, bob, carol] = [present(ACCOUNTS[0]), present(ACCOUNTS[1]), present(ACCOUNTS[2])];
const session = present(SESSIONS[0]);

const at = <K extends StampedKind>(kind: K, ms: number) => ({
  kind,
  app: APP,
  stamp: stampOf(kind, BEGINNING_MS + ms, eventHash('catalogue', kind, String(ms))),
});

/** One operation of every kind, scope and relation: before, at the same millisecond, after; with and without a session. */
export const CATALOGUE: readonly Operation[] = [
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

/** How many operations are taken from the catalogue at a time: every such choice is delivered in every order. */
export const AT_A_TIME = 6;

/** The choices of `size` items, in a fixed order. */
export function choices<T>(items: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) => choices(items.slice(i + 1), size - 1).map((rest) => [item, ...rest]));
}

type Delivered = { readonly state: Registers; readonly order: readonly Operation[] };

/** Every order in which the operations can be delivered one by one, with the registers it ends with. */
function* orders({ state, order }: Delivered, left: readonly Operation[]): Generator<Delivered> {
  if (left.length === 0) yield { state, order };
  for (const next of left) {
    const delivered = { state: after(state, [next]), order: [...order, next] };
    yield* orders(
      delivered,
      left.filter((other) => other !== next),
    );
  }
}

/** All orders end with the same registers, and those show the serial order's bindings. */
export function everyOrder(operations: readonly Operation[]): { orders: number; finding: Finding | undefined } {
  const bound = [...serial(operations).keys()].sort().join('; ');
  let count = 0;
  let registers: string | undefined;
  for (const { state, order } of orders({ state: NOTHING, order: [] }, operations)) {
    count++;
    const actual = shown(state).sort().join('; ');
    const ended = digest(state);
    registers ??= ended;
    if (actual === bound && ended === registers) continue;
    const oracle = 'O1 every order ends with the bindings of the serial order, and with the same registers';
    const trace = order.map(told);
    const finding = { seed: count, oracle, expected: `${bound} ${registers}`, actual: `${actual} ${ended}`, trace };
    return { orders: count, finding };
  }
  return { orders: count, finding: undefined };
}
