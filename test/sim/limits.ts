import { Account } from '../../functions/core/account.ts';
import { DOCUMENT_LIMITS, expiryOf, HORIZON_MS, horizonAt, type Limits } from '../../functions/core/merge.ts';
import { type Operation, Session } from '../../functions/core/operation.ts';
import { eventHash, msOf, type StampedKind, stampOf } from '../../functions/core/stamp.ts';
import { ACCOUNTS, APP, accountsIn, BEGINNING_MS, drawOperation, SESSIONS, TOKENS, textOf } from './cast.ts';
import type { Finding, Run } from './finding.ts';
import { after, delivered, deliveries, differing, digest, NOTHING, pairsOf, type Registers, shown } from './lattice.ts';
import { present, type Random, randomOf } from './random.ts';
import { serial } from './serial.ts';
import { DAY_MS } from './timeline.ts';

export const limitsCase = (seed: number): Run => {
  if (seed % 20 === 19) return { finding: crowdedCase(seed) };
  return { finding: seed % 2 === 0 ? overflowCase(seed) : horizonCase(seed) };
};

/** Documents so small that a few operations overflow them. Past its limits a document may forget, and never revives. */
function overflowCase(seed: number): Finding | undefined {
  const random = randomOf(seed);
  const { limits, types } = random.pick(OVERFLOWS);
  // A login that comes after its document has forgotten many sessions is lost, one that came before is not.
  const sessions = random.pick([0, 0.4]);
  const draw = { tokens: 1, spanMs: random.pick([2, 12, 60]), sessions, types };
  const operations = Array.from({ length: 3 + random.below(7) }, (_, i) => drawOperation(random, i, i, draw));
  const [one, other] = [deliveries(random, operations), deliveries(random, operations)];
  const state = delivered(one, { limits });
  const allowed = serial(operations);
  const leaked = shown(state).filter((pair) => !allowed.has(pair));
  const differs = differing(seed, one);
  const leak = differs('O1 nothing removed is revived', '', leaked.join('; '));
  if (leak !== undefined || sessions > 0 || (types > 0 && limits.edges < ACCOUNTS.length)) return leak;
  const again = delivered(other, { limits });
  return differs('O1 every order overflows to the same registers', digest(state), digest(again));
}

/**
 * A type's clear takes edges away from the middle of the order, so what an overflowing document has forgotten by then
 * depends on what came first. Everywhere else the registers are the same for every order, past the limits too.
 */
const NO_ROOM: Limits = { edges: 2, clears: 2, sessions: 1, skewMs: 1_000 };
const OVERFLOWS: readonly { limits: Limits; types: number }[] = [
  { limits: { edges: 1, clears: 1, sessions: 1, skewMs: 1_000 }, types: 0 },
  { limits: { edges: 2, clears: 1, sessions: 2, skewMs: 1_000 }, types: 0 },
  { limits: { ...DOCUMENT_LIMITS, clears: 1, sessions: 1, skewMs: 1_000 }, types: 0.8 },
  { limits: NO_ROOM, types: 1 },
  { limits: { ...NO_ROOM, clears: 1 }, types: 0.5 },
];

/** Crowds that fill a document to one of the product's limits, and how many of them leave room for all that is drawn. */
const CROWDS = [
  {
    room: 128 - ACCOUNTS.length,
    draw: { sessions: 0, types: 0 },
    of: (ms: number, i: number): Operation => ({ ...on('bind', ms, i), accounts: [other(0, i)] }),
  },
  {
    // Once all types are cleared, no older bind is left that an overflow could lose.
    room: 64 - 1,
    draw: { sessions: 0, types: 0.5 },
    of: (ms: number, i: number): Operation => ({
      ...on('bindOverriding', ms, i),
      scope: 'types',
      accounts: [other(100 + i, i)],
    }),
  },
  {
    // A session ends as a whole, or for one account.
    room: 128 - SESSIONS.length * (1 + ACCOUNTS.length),
    draw: { sessions: 0.5, types: 0 },
    of: (ms: number, i: number): Operation => ({
      ...on('endSession', ms, i),
      session: Session.parse(eventHash('other', `${i}`)),
    }),
  },
];

const on = <K extends StampedKind>(kind: K, ms: number, i: number) => ({
  kind,
  app: APP,
  token: present(TOKENS[0]),
  stamp: stampOf(kind, BEGINNING_MS + ms, eventHash('other'), i),
});

const other = (type: number, i: number) => Account.parse({ type, id: `other ${i}` });

/** A document with the limits of the product, almost full of other names or too full. Up to its limits it forgets nothing. */
function crowdedCase(seed: number): Finding | undefined {
  const random = randomOf(seed);
  const { room, draw, of } = random.pick(CROWDS);
  const size = room + random.pick([0, 0, 3, 60]);
  // Clocks may disagree by a minute about a session that is forgotten.
  const spanMs = random.pick([60, 50_000]);
  const from = random.pick([0, spanMs / 2]);
  const crowd = Array.from({ length: size }, (_, i) => of(from + random.below(spanMs - from), i));
  const operations = Array.from({ length: 1 + random.below(9) }, (_, i) =>
    drawOperation(random, i, i, { tokens: 1, spanMs, ...draw }),
  );
  const drawn = deliveries(random, operations);
  const [early, late] = [delivered([crowd, ...drawn]), delivered([...drawn, crowd])];
  const bound = serial([...crowd, ...operations]);
  const pairs = pairsOf([...ACCOUNTS, ...crowd.flatMap(accountsIn)]);
  const differs = differing(seed, [crowd, ...drawn]);
  for (const state of [early, late]) {
    const actual = shown(state, pairs);
    const allowed = (size > room ? actual : pairs.map(({ name }) => name)).filter((pair) => bound.has(pair));
    const oracle = 'O1 a full document forgets nothing, and one that overflows revives nothing';
    const finding = differs(oracle, allowed.join('; '), actual.join('; '));
    if (finding) return finding;
  }
  if (draw.sessions > 0) return undefined;
  return differs('O1 every order overflows to the same registers', digest(early), digest(late));
}

/**
 * Operations months apart, delivered late. Up to the horizon lateness changes nothing; beyond it nothing binds and the
 * store forgets what has expired, on machines whose clocks are days apart, and even so nothing is revived.
 */
function horizonCase(seed: number): Finding | undefined {
  const random = randomOf(seed);
  const isInTime = random.chance(0.5);
  const draw = {
    tokens: 1,
    // Sessions end within days, and a bind that is refused for its age hides no older one.
    ...(isInTime && random.chance(0.5)
      ? { spanMs: 5 * DAY_MS, sessions: 0.4 }
      : { spanMs: random.pick([150, 5]) * DAY_MS, sessions: 0 }),
    types: random.pick([0, 0.5]),
  };
  const operations = Array.from({ length: 2 + random.below(8) }, (_, i) => drawOperation(random, i, i, draw));
  const arrivals = operations.flatMap((operation) => arrivalsOf(random, operation, isInTime));
  arrivals.sort((a, b) => a.at - b.at);
  const state = arrivals.reduce((before, arrival) => arrive(random, before, arrival), NOTHING);
  const expected = serial(operations);
  const actual = shown(state);
  const isWrong = actual.some((pair) => !expected.has(pair)) || (isInTime && actual.length !== expected.size);
  if (!isWrong) return undefined;
  const oracle = 'O1 a late operation takes its place, one beyond the horizon revives nothing';
  const day = (ms: number) => `day ${((ms - BEGINNING_MS) / DAY_MS).toFixed(1)}`;
  const trace = arrivals.map(
    ({ operation, at, clock }) => `${day(at)}, by the clock ${day(clock)}: ${textOf(operation)}`,
  );
  return { seed, oracle, expected: [...expected.keys()].join('; '), actual: actual.join('; '), trace };
}

/** When an operation arrives, and what the clock of the machine says that applies it (ms). */
type Arrival = { readonly operation: Operation; readonly at: number; readonly clock: number };

function arrivalsOf(random: Random, operation: Operation, isInTime: boolean): Arrival[] {
  return Array.from({ length: 1 + random.below(2) }, () => {
    // As late as can be is where the rules meet.
    const lateMs = HORIZON_MS * (random.chance(0.5) ? random.next() : 0.97 + 0.03 * random.next());
    const at = msOf(operation.stamp) + Math.floor(lateMs * (isInTime ? 1 : random.pick([1, 1.03, 4])));
    return { operation, at, clock: isInTime ? at : at + Math.floor((random.next() - 0.5) * 4 * DAY_MS) };
  });
}

/** As the registry does it; the store deletes expired documents some day. */
function arrive(random: Random, before: Registers, { operation, at, clock }: Arrival): Registers {
  const kept = [...before.documents].filter(([, document]) => !((expiryOf(document) ?? at) < at && random.chance(0.7)));
  return after({ ...before, documents: new Map(kept) }, [operation], { horizon: horizonAt(clock) });
}
