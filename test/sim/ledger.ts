import { isDeepStrictEqual } from 'node:util';
import { HORIZON_MS } from '../../functions/core/merge.ts';
import type { Operation, OperationsMessage } from '../../functions/core/operation.ts';
import { msOf } from '../../functions/core/stamp.ts';
import { accountsIn } from './cast.ts';
import type { OnFinding } from './finding.ts';
import type { Expectation } from './people.ts';
import { type Deed, deedOf } from './promises.ts';
import { DAY_MS } from './timeline.ts';

/** Accepted operations: all that the queue ever held, when they came there and when a caller got the answer `applied`. */
export type Ledger = {
  readonly deeds: () => Deed[];
  /** The operations that a request should become, if it carries events. */
  readonly expect: (requestId: string, expected: readonly Expectation[]) => void;
  readonly enqueued: (message: OperationsMessage, at: number) => void;
  /** A door said that all of a request is applied. */
  readonly inEffect: (requestId: string, at: number) => void;
  readonly operationsOf: (requestId: string) => readonly Operation[];
};

export function ledger(onFinding: OnFinding): Ledger {
  const deeds = new Map<string, Deed>();
  const expectations = new Map<string, readonly Expectation[]>();
  const requests = new Map<string, Operation[]>();
  const deedFor = (operation: Operation): Deed => {
    const name = JSON.stringify(operation);
    const deed = deeds.get(name) ?? deedOf(operation);
    deeds.set(name, deed);
    return deed;
  };

  return {
    deeds: () => [...deeds.values()],
    expect: (requestId, expected) => expectations.set(requestId, expected),
    operationsOf: (requestId) => requests.get(requestId) ?? [],
    enqueued: ({ id, operations }, at) => {
      // The second message of a request has removals that follow from a login of an installation.
      if (requests.has(id)) return;
      for (const operation of operations) {
        const deed = deedFor(operation);
        deed.issuedAt = Math.min(deed.issuedAt, at);
      }
      requests.set(id, operations);
      const expected = expectations.get(id);
      const isAsExpected =
        expected?.length === operations.length && expected.every((one, i) => isMeant(one, operations[i]));
      if (expected && !isAsExpected)
        onFinding('an event means what its document says', JSON.stringify(operations), JSON.stringify(expected));
    },
    inEffect: (requestId, at) => {
      for (const operation of requests.get(requestId) ?? []) {
        // A bind about as old as the horizon may be refused, and its answer does not say so.
        const isOld = msOf(operation.stamp) < at - HORIZON_MS + DAY_MS;
        const deed = deedFor(operation);
        if (!isOld) deed.ackedAt = Math.min(deed.ackedAt, at);
      }
    },
  };
}

function isMeant(expected: Expectation, operation: Operation | undefined): boolean {
  if (operation === undefined) return false;
  const { kind, app, stamp } = operation;
  // A removal from the future is stamped earlier, after what is known when it arrives.
  const isInTime = msOf(stamp) === expected.ms || (!kind.startsWith('bind') && msOf(stamp) < expected.ms);
  const actual = {
    kind,
    app,
    ms: expected.ms,
    accounts: accountsIn(operation),
    token: 'token' in operation ? operation.token : undefined,
    scope: 'scope' in operation ? operation.scope : undefined,
    hasSession: 'session' in operation && operation.session !== undefined,
  };
  return isInTime && isDeepStrictEqual(actual, { token: undefined, ...expected });
}
