import { type Hunt, inFile } from './patches.ts';

/** Faults in what the worker records and in what the ledger answers. */
export const HISTORY_MUTANTS: readonly Hunt[] = [
  ...inFile('operations/messages.ts', 'history', {
    'operations are recorded before they are applied': [
      '  const applied = await applyTogether(ports, bodies.map(messageIn));\n',
      "  const read = bodies.map(messageIn);\n  await recordAll(ports, read.map((one) => one && { ...one, outcomes: one.operations.map(() => ({ kind: 'applied' })) }));\n  const applied = await applyTogether(ports, read);\n",
    ],
    'a message that is not recorded leaves the queue': [
      'isUnmarked ? unmarked : unrecorded.get(message)',
      'isUnmarked ? unmarked : undefined',
    ],
  }),
  ...inFile('history/replay.ts', 'history', {
    'what is on its way is not in effect': [
      "some((one) => binds(one) && stands([one])) ? 'perhaps' : 'no'",
      "some(() => false) ? 'perhaps' : 'no'",
    ],
    'a sign-out on its way ends nothing': [
      "return isCertain ? 'yes' : 'perhaps';",
      "return isCertain ? 'yes' : 'yes';",
    ],
  }),
  ...inFile('history/entry.ts', 'history', {
    'an operation is in effect when the worker records it, and not before': [
      'acceptedMs ?? Math.min(msOf(operation.stamp), appliedMs) - AHEAD_MS',
      'appliedMs',
    ],
  }),
  ...inFile('../test/memory/history-store.ts', 'history', {
    'the acceptance of the first record counts': [
      'Math.min(known?.acceptedMs ?? entry.acceptedMs ?? 0, entry.acceptedMs ?? 0)',
      'known?.acceptedMs ?? entry.acceptedMs',
    ],
  }),
];
