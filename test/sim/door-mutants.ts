import { type Hunt, inFile } from './patches.ts';

/** Faults in what doors and workers make of events and calls; suites with the whole service are to notice them. */
export const DOOR_MUTANTS: readonly Hunt[] = [
  ...inFile('operations/accept.ts', 'end-to-end', {
    'operations are applied before they are on the queue': [
      'apply(operations, announce, durable)',
      'apply(operations, announce, Promise.resolve())',
    ],
    'removals are on the queue before the operations that lead to them': [
      'await durable;\n      await enqueue(origin, removals);',
      'await enqueue(origin, removals);',
    ],
    'what the queue refuses is accepted': ['if (sent) return sent;', ''],
    'what is unavailable counts as in effect': [
      "kind === 'unavailable' ? 'durable' : kind",
      "kind === 'unavailable' ? 'applied' : kind",
    ],
    'what is late counts as in effect': [
      "const reason = outcomes === 'late' ?",
      "if (outcomes === 'late') return { kind: 'accepted', outcomes: operations.map(() => ({ kind: 'applied' })) };\n    const reason = outcomes === 'late' ?",
    ],
  }),
  ...inFile('aws/registry-store.ts', 'end-to-end', {
    'the Account API answers with what lately was': ["'account-api': 'strong'", "'account-api': 'eventual'"],
  }),
  ...inFile('core/time.ts', 'calls', {
    'a call without a time has the time of our clock': ['Math.max(latest, msOf(moment) + 1), nowMs)', 'latest, nowMs)'],
    'a bind without a time does not look at watermarks': ['own.flatMap(timesIn)', '[]'],
    'an unbind from all tokens does not look at binds': ['...pointers.map(({ edge }) => edge), ', ''],
    'a token named twice has two times': [
      'tokens.set(nameOf(one), { ref, accounts: [...accounts, ...one.accounts] });',
      'tokens.set(nameOf(one), { ref, accounts: [...one.accounts] });',
    ],
  }),
  ...inFile('account-api/operate.ts', 'calls', {
    'an unbind from all of many tokens has the time before it waited': ['known.isWhole ? known.ms', 'true ? known.ms'],
  }),
  ...inFile('core/time.ts', 'end-to-end', {
    'a bind from the future is moved to now': [
      "return { refused: ms > nowMs + NOT_YET_MS ? 'future' : 'not yet' }",
      'return { ms: nowMs }',
    ],
  }),
  ...inFile('events/auth-event.ts', 'end-to-end', {
    'a changed token leaves the old one bound': ['[left]),', '[]),'],
    'a token change without accounts that is repeated clears the new token': [
      'return event.accounts === undefined ? [left] : [left, clear(token)];',
      'return [left, clear(token)];',
    ],
    'a token change moves what was bound after it': ['edge <= removalAt(left.stamp)', 'edge !== removalAt(left.stamp)'],
    'an account that moves loses its session and lease': [
      'map(({ edge: _, ...account }) => account)',
      'map(({ type, id }) => ({ type, id }))',
    ],
  }),
  ...inFile('operations/messages.ts', 'end-to-end', {
    'a message leaves before its operations are in effect': [
      'if (unavailable) return ',
      "if (unavailable) return { kind: 'done', id, parked: 0 };\n  if (unavailable) return ",
    ],
    'what is refused is set aside nowhere': ['if (reason === undefined)', 'if (reason !== undefined || refused)'],
    'a message that cannot be read is thrown away': [
      "if (message === undefined) return { kind: 'retry', reason: 'unreadable' }",
      "if (message === undefined) return { kind: 'done' }",
    ],
  }),
  ...inFile('core/stamp.ts', 'end-to-end', {
    'every removal is a second early': [
      'Math.max(ms, 0), LAST_MS)',
      'Math.max(KIND_RANKS[kind] === 2 ? ms - 1_000 : ms, 0), LAST_MS)',
    ],
  }),
  ...inFile('core/time.ts', 'end-to-end', {
    'a removal from the future moves to now': [
      'return { ...operation, stamp: stampMovedTo(operation.stamp, Math.min(ms, msOf(operation.stamp))) };',
      'return { ...operation, stamp: stampMovedTo(operation.stamp, nowMs + 0 * ms) };',
    ],
  }),
  ...inFile('events/auth-event.ts', 'end-to-end', {
    'a removal counts from the beginning of its second': ['isBind ? time.fromMs : time.toMs', 'time.fromMs'],
  }),
  ...inFile('core/outcome.ts', 'end-to-end', {
    'a removal that leaves a later bind is applied': ["kind: left ? 'superseded' : 'applied'", "kind: 'applied'"],
  }),
  ...inFile('lambda/sqs.ts', 'end-to-end', {
    'every message leaves the queue': ["results[i]?.kind !== 'done'", 'results[i] === undefined'],
  }),
  ...inFile('events/translate.ts', 'end-to-end', {
    'events are stamped when they arrive': ['fromMs: time.ms }', 'fromMs: nowMs }'],
  }),
  ...inFile('events/handler.ts', 'end-to-end', {
    'a log names people': ['events: events.length', 'events: JSON.stringify(events)'],
  }),
  ...inFile('core/document.ts', 'end-to-end', {
    'a lease does not end': ['nowMs < (leaseOf(edge) ?? Number.POSITIVE_INFINITY) && ', ''],
  }),
  ...inFile('../test/sim/deployment.ts', 'end-to-end', {
    'a token change moves what a stale read shows': [
      "registryAt('events')), store, now }",
      "registryAt('events')), store: registryAt('events').store, now }",
    ],
  }),
];
