import { isDeepStrictEqual } from 'node:util';
import { binds, type Operation, type OperationsMessage } from '../../functions/core/operation.ts';
import { msOf } from '../../functions/core/stamp.ts';
import { FUTURE_MS } from '../../functions/core/time.ts';
import { accountsIn, BEGINNING_MS } from './cast.ts';
import type { OnFinding } from './finding.ts';
import { type Meaning, meaningsOf, wronglyMoved } from './moves.ts';
import type { Expectation } from './people.ts';
import { type Deed, deedOf } from './promises.ts';
import { isAbout } from './serial.ts';
import { MOST_SKEW_MS } from './timeline.ts';
import type { Truth } from './truth.ts';

/** Accepted operations: all that the queue ever held, when they came there and when a caller got the answer `applied`. */
export type Ledger = {
  readonly deeds: () => Deed[];
  /** The operations that a request should become, if it carries events. `at`: when it came to the door. */
  readonly expect: (requestId: string, expected: readonly Expectation[], at: number) => void;
  readonly enqueued: (message: OperationsMessage, at: number) => void;
  /** A door said that an operation is in effect. */
  readonly inEffect: (operation: Operation, at: number) => void;
  /** The deeds of a request. An operation that came in several requests is one. */
  readonly deedsOf: (requestId: string) => readonly Deed[];
  /** The binds that a moved removal of the request should be later than, and is not. */
  readonly outlived: (requestId: string) => readonly Operation[];
};

/** `truth`: called once the deployment is there. */
export function ledger(onFinding: OnFinding, truth: () => Truth): Ledger {
  const deeds = new Map<string, Deed>();
  const expectations = new Map<string, { readonly expected: readonly Expectation[]; readonly from: number }>();
  const requests = new Map<string, Deed[]>();
  const meanings = new Map<string, readonly Meaning[]>();
  const deedFor = (operation: Operation): Deed => {
    const name = JSON.stringify(operation);
    const deed = deeds.get(name) ?? deedOf(operation);
    deeds.set(name, deed);
    return deed;
  };

  const understand = (
    id: string,
    expected: readonly Expectation[],
    operations: readonly Operation[],
    { from, at }: { from: number; at: number },
  ) => {
    const meant = meaningsOf(expected, operations) ?? [];
    meanings.set(id, meant);
    if (meant.length < expected.length || !meant.every((one) => isMeant(one, from)))
      onFinding('an event means what its document says', JSON.stringify(operations), JSON.stringify(expected));
    const wrong = meant.flatMap((one) => wronglyMoved(truth(), one, from, at));
    if (wrong.length > 0) onFinding('a token change moves what is bound when it is accepted', wrong.join('; '));
  };

  return {
    deeds: () => [...deeds.values()],
    expect: (requestId, expected, at) => expectations.set(requestId, { expected, from: at }),
    deedsOf: (requestId) => requests.get(requestId) ?? [],
    outlived: (requestId) => {
      const { from = 0 } = expectations.get(requestId) ?? {};
      const own = requests.get(requestId) ?? [];
      const known = [...deeds.values()].filter((deed) => deed.ackedAt <= from || own.includes(deed));
      const accepted = known.filter(({ operation }) => binds(operation));
      const moved = (meanings.get(requestId) ?? []).flatMap(({ expected: { ms }, operation }) =>
        operation && msOf(operation.stamp) < ms ? [{ operation, ms }] : [],
      );
      return moved.flatMap(({ operation, ms }) =>
        accepted.flatMap(({ operation: bind }) => {
          const isBetween = msOf(bind.stamp) >= msOf(operation.stamp) && msOf(bind.stamp) < ms;
          return isBetween && touches(operation, bind) ? [bind] : [];
        }),
      );
    },
    enqueued: ({ id, operations }, at) => {
      // The second message of a request has removals that follow from a login of an installation.
      if (requests.has(id)) return;
      const own = operations.map(deedFor);
      for (const deed of own) deed.issuedAt = Math.min(deed.issuedAt, at);
      requests.set(id, own);
      const { expected, from = 0 } = expectations.get(id) ?? {};
      if (expected !== undefined) understand(id, expected, operations, { from, at });
    },
    inEffect: (operation, at) => {
      const deed = deedFor(operation);
      deed.ackedAt = Math.min(deed.ackedAt, at);
    },
  };
}

const touches = (removal: Operation, bind: Operation): boolean =>
  binds(bind) && bind.accounts.some((account) => isAbout(removal, bind, { app: bind.app, token: bind.token, account }));

/**
 * Tests that an operation says what its event says, at the event's own time. Only a removal that was more than 5 s ahead
 * when it came to the door, at `from`, has another one: not earlier than the door's clock, not later than its own.
 */
function isMeant({ expected: { movedFrom, ...expected }, operation }: Meaning, from: number): boolean {
  if (operation === undefined) return movedFrom !== undefined;
  const { kind, app, stamp } = operation;
  const ms = msOf(stamp);
  const leastMs = BEGINNING_MS + from - MOST_SKEW_MS;
  const isMoved =
    !binds(operation) && expected.ms > leastMs + FUTURE_MS && ms >= Math.floor(leastMs) && ms < expected.ms;
  const isInTime = ms === expected.ms || isMoved;
  const actual = {
    kind,
    app,
    ms: expected.ms,
    accounts: movedFrom === undefined ? accountsIn(operation) : expected.accounts,
    untilMs: 'untilMs' in operation ? operation.untilMs : undefined,
    token: 'token' in operation ? operation.token : undefined,
    scope: 'scope' in operation ? operation.scope : undefined,
    hasSession: 'session' in operation && operation.session !== undefined,
  };
  return isInTime && isDeepStrictEqual(actual, { token: undefined, untilMs: undefined, ...expected });
}
