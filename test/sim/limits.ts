import { expiryOf, HORIZON_MS, horizonAt, LIMITS, type Limits } from '../../functions/core/compaction.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { msOf } from '../../functions/core/stamp.ts';
import { BEGINNING_MS, drawOperation, told } from './cast.ts';
import type { Finding } from './finding.ts';
import { after, deliveries, digest, NOTHING, type Registers, shown } from './lattice.ts';
import { type Random, randomOf } from './random.ts';
import { serial, serialByStamps } from './serial.ts';

/** Documents so small that a few operations overflow them. Past its limits a document may forget, and never revives. */
export function overflowCase(seed: number): Finding | undefined {
  const random = randomOf(seed);
  const { limits, types } = random.pick(OVERFLOWS);
  const draw = { tokens: 1, spanMs: random.pick([2, 12, 60]), sessions: 0.4, types };
  const operations = Array.from({ length: 3 + random.below(7) }, (_, i) => drawOperation(random, i, i, draw));
  const [one, other] = [deliveries(random, operations), deliveries(random, operations)];
  const state = one.reduce((before, batch) => after(before, batch, { limits }), NOTHING);
  const leaked = leaks(state, operations);
  const found = { seed, trace: one.map((batch) => batch.map(told).join('\n  + ')) };
  if (leaked.length > 0)
    return { ...found, oracle: 'O1 nothing removed is revived', expected: '', actual: leaked.join('; ') };
  if (limits === NO_ROOM) return undefined;
  const again = other.reduce((before, batch) => after(before, batch, { limits }), NOTHING);
  if (digest(again) === digest(state)) return undefined;
  return {
    ...found,
    oracle: 'O1 every order overflows to the same registers',
    expected: digest(state),
    actual: digest(again),
  };
}

/**
 * A type's clear takes edges away from the middle of the order, so what an overflowing document has forgotten by then
 * depends on what came first. Everywhere else the registers are the same for every order, past the limits too.
 */
const NO_ROOM: Limits = { edges: 1, clears: 1, sessions: 1, sessionMs: 10 };
const OVERFLOWS: readonly { limits: Limits; types: number }[] = [
  { limits: { edges: 1, clears: 1, sessions: 1, sessionMs: 10 }, types: 0 },
  { limits: { edges: 2, clears: 1, sessions: 2, sessionMs: 3 }, types: 0 },
  { limits: { ...LIMITS, clears: 1, sessions: 1, sessionMs: 3 }, types: 0.8 },
  { limits: NO_ROOM, types: 0.5 },
];

const leaks = (state: Registers, operations: readonly Operation[]): string[] => {
  const allowed = serialByStamps(operations);
  return shown(state).filter((pair) => !allowed.has(pair));
};

const DAY_MS = 86_400_000;

/**
 * Operations months apart, delivered late. Up to the horizon lateness changes nothing; beyond it nothing binds and
 * the store forgets what has expired, and even so nothing is revived.
 */
export function horizonCase(seed: number): Finding | undefined {
  const random = randomOf(seed);
  const mostLateMs = random.pick([HORIZON_MS, HORIZON_MS, 4 * HORIZON_MS]);
  const draw = { tokens: 1, spanMs: 150 * DAY_MS, sessions: 0, types: random.pick([0, 0.5]) };
  const operations = Array.from({ length: 2 + random.below(8) }, (_, i) => drawOperation(random, i, i, draw));
  const arrivals = operations.flatMap((operation) => arrivalsOf(random, operation, mostLateMs));
  arrivals.sort((a, b) => a.at - b.at);
  const state = arrivals.reduce((before, { operation, at }) => arrive(random, before, operation, at), NOTHING);
  const expected = serial(operations);
  const actual = shown(state);
  const isWrong =
    actual.some((pair) => !expected.has(pair)) || (mostLateMs === HORIZON_MS && actual.length !== expected.size);
  if (!isWrong) return undefined;
  const oracle = 'O1 a late operation takes its place, one beyond the horizon revives nothing';
  const trace = arrivals.map(
    ({ operation, at }) => `day ${((at - BEGINNING_MS) / DAY_MS).toFixed(1)}: ${told(operation)}`,
  );
  return { seed, oracle, expected: [...expected.keys()].join('; '), actual: actual.join('; '), trace };
}

const arrivalsOf = (random: Random, operation: Operation, mostLateMs: number) =>
  Array.from({ length: 1 + random.below(2) }, () => ({
    operation,
    at: msOf(operation.stamp) + Math.floor(random.next() * mostLateMs),
  }));

/** As the registry does it; the store deletes expired documents some day. */
function arrive(random: Random, before: Registers, operation: Operation, at: number): Registers {
  const kept = [...before.documents].filter(([, document]) => !((expiryOf(document) ?? at) < at && random.chance(0.7)));
  const state = { ...before, documents: new Map(kept) };
  return after(state, [operation], { horizon: horizonAt(at) });
}
