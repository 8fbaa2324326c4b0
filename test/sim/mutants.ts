// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of source files.
import { MIRROR_MUTANTS } from './mirror/mutants.ts';
import type { Mutant } from './patches.ts';
import type { SuiteName } from './suites.ts';

/** A mutant with the suite that has to notice it. */
export type Hunt = Mutant & { readonly suite: SuiteName };

const inFile = (file: string, suite: SuiteName, mutants: Record<string, readonly [from: string, to: string]>): Hunt[] =>
  Object.entries(mutants).map(([name, [from, to]]) => ({ name, file, suite, from, to }));

/**
 * Faults that were met while this was designed, or that a hurried change could bring back. Each is switched on alone,
 * and each has to be noticed: what finds no mutant finds no bug.
 */
export const MUTANTS: readonly Hunt[] = [
  ...inFile('core/stamp.ts', 'lattice', {
    'a tie does not go to the removal': [
      'unbind: 2, unbindTokenFromAll: 2, unbindAccountFromAll: 2',
      'unbind: 0, unbindTokenFromAll: 0, unbindAccountFromAll: 0',
    ],
    'an overriding bind clears what it binds': ['`${stamp}.0`', '`${stamp}.2`'],
    'elements of one event have one stamp': ["String(element).padStart(3, '0')", "'000'"],
  }),
  ...inFile('core/merge.ts', 'lattice', {
    'what arrives last wins': ['`${value}|${name}` > floor : value > known', '`${value}|${name}` > floor : true'],
    'an unbind of what is not bound is skipped': [
      'raise(draft.edges, account, removalAt(stamp), draft.floor);',
      'if (draft.edges[account] !== undefined) raise(draft.edges, account, removalAt(stamp), draft.floor);',
    ],
    'an overriding bind does not clear': ["raise(draft.clear, '*', removal);", ''],
    'an overriding bind of a type clears all types': [
      'raise(draft.clear, String(type), removal, draft.clearFloor)',
      "raise(draft.clear, '*', removal)",
    ],
    'the first account of a type wins': [
      'accounts.map((account) => [account.type, account])',
      'accounts.toReversed().map((account) => [account.type, account])',
    ],
    'a logout does not end its session': [
      'if (operation.session) raise(draft.ended, operation.session, removalAt(operation.stamp));',
      '',
    ],
    'a logout of one account ends its session for all': [
      'raise(draft.ended, scoped(session, account)',
      'raise(draft.ended, session',
    ],
  }),
  ...inFile('core/document.ts', 'lattice', {
    "an account's watermark is not looked at": [' || edge <= accountClear', ''],
    'a clear of a type is not looked at': ["later(clear[type] ?? '', clearFloor", "later('', clearFloor"],
    'an ended session still binds': [
      'return session === undefined || !hasEnded(document, session, account);',
      'return true;',
    ],
  }),
  ...inFile('core/merge.ts', 'lattice', {
    'removals are dropped at once': [
      'edge > clearOf({ clear, clearFloor }, typeOf(account)))',
      'isBind(edge) && edge > clearOf({ clear, clearFloor }, typeOf(account)))',
    ],
    'what is not shown is deleted': ['newest(alive, limits.edges)', 'newest(alive, 2)'],
  }),
  ...inFile('core/merge.ts', 'permutations', {
    'a document that overflows keeps no floor': ['    edges.dropped,\n', ''],
  }),
  ...inFile('core/merge.ts', 'limits', {
    'removals from before the horizon leave no floor': [
      '    ...expired.map(([account, edge]) => `${edge}|${account}`),\n',
      '',
    ],
    'clears beyond the limit are forgotten': ['clears.dropped, draft.clearFloor)', 'draft.clearFloor)'],
    'accounts of one moment are dropped in any order': ['rank: `${value}|${name}`', 'rank: value.slice(0, 15)'],
    'a floor is not looked at': ['`${value}|${name}` > floor :', 'true :'],
    'a clear of everything is lost below a floor of types': [
      "raise(draft.clear, '*', removal);",
      "raise(draft.clear, '*', removal, draft.clearFloor);",
    ],
    'a bind from before the horizon still binds': ['if (stamp < horizon) return;', ''],
    'an overriding bind from before the horizon does not clear': [
      'const removal = removalAt(operation.stamp);',
      'const removal = removalAt(operation.stamp);\n  if (operation.stamp < horizon) return;',
    ],
  }),
  ...inFile('core/apply.ts', 'storage', {
    'the pointer is written after the document': [
      '    await point(ports.store, ref, newBinds(stored, next), pointed);\n    const result = await ports.store.write(ref, next, stored?.version ?? 0);\n',
      '    const before = stored;\n    const result = await ports.store.write(ref, next, stored?.version ?? 0);\n    await point(ports.store, ref, newBinds(before, next), pointed);\n',
    ],
    'a lost race counts as won': ["if (result === 'written') return outcomes;", 'return outcomes;'],
    'what is unavailable counts as applied': ['at(outcome, i) : outcome', "at(outcome, i) : { kind: 'applied' }"],
  }),
  ...inFile('../test/memory/registry-store.ts', 'storage', {
    'a document is written whatever its version': ['(winner?.version ?? 0) !== version', 'false'],
  }),
  ...inFile('core/bindings.ts', 'storage', {
    "an account's watermark is read first": [
      "  const bound = await newestBound(store, ref, account);\n  const [clear = ''] = await store.clears([ref]);\n",
      "  const [clear = ''] = await store.clears([ref]);\n  const bound = await newestBound(store, ref, account);\n",
    ],
    'watermarks are not read': [
      "isBound(document, account, clears.get(`${app}#${account}`) ?? '')",
      "isBound(document, account, '')",
    ],
    'a pointer is taken for a binding': [
      "if (document !== undefined && isBound(document, account, ''))",
      'if (document !== undefined)',
    ],
  }),
  ...inFile('sweep/collect.ts', 'collecting', {
    'a pointer is collected whatever its document says': ['if (isBind(known) || edge', 'if (edge'],
    'what is bound is folded for its age': [
      '([account, edge]) => edge < horizon && !isBound',
      '([account, edge]) => edge < horizon || !isBound',
    ],
    'a dead bind is folded that is younger than the horizon': ['edge < horizon && !isBound', '!isBound'],
    'a watermark is collected while pointers remain': ['if (await store.hasPointers(ref)) return false;', ''],
    'a watermark is collected as soon as it has no pointers': [
      'idleMs !== undefined && idleMs <= now() - IDLE_MS',
      'true',
    ],
    'watermarks of the page before are not read': [
      "clears.set(nameOf(first.ref), (await registry.clears([first.ref]))[0] ?? '')",
      '{}',
    ],
  }),
  ...inFile('../test/memory/sweep-store.ts', 'collecting', {
    'a pointer that has risen is collected': [
      'known?.get(token) === edge && known.delete(token)',
      'known?.delete(token) === true',
    ],
  }),
  ...inFile('operations/accept.ts', 'end-to-end', {
    'operations are applied before they are on the queue': [
      'const sent = await orUnavailable(() => enqueue(id, operations));',
      'await apply(operations);\n    const sent = await orUnavailable(() => enqueue(id, operations));',
    ],
    'what the queue refuses is accepted': ['if (sent) return sent;', ''],
    'what is unavailable counts as in effect': [" || outcomes.some((outcome) => outcome.kind === 'unavailable')", ''],
    'what is late counts as in effect': [
      '!Array.isArray(outcomes) || ',
      "outcomes === 'late') return { kind: 'applied', outcomes: operations.map(() => ({ kind: 'applied' })) };\n    if (!Array.isArray(outcomes) || ",
    ],
  }),
  ...inFile('aws/registry-store.ts', 'end-to-end', {
    'the Account API answers with what lately was': ["'account-api': 'strong'", "'account-api': 'eventual'"],
  }),
  ...inFile('core/time.ts', 'calls', {
    'a call without a time has the time of our clock': ['Math.max(latest, msOf(moment) + 1), nowMs)', 'latest, nowMs)'],
    'a bind without a time does not look at watermarks': ['...clears.take(asked[i]?.accounts.length ?? 0)', '...[]'],
    'an unbind from all tokens does not look at binds': ['...pointers.map(({ edge }) => edge), ', ''],
    'a token named twice has two times': [
      'tokens.set(nameOf(one), { ref, accounts: [...accounts, ...one.accounts] });',
      'tokens.set(nameOf(one), { ref, accounts: [...one.accounts] });',
    ],
  }),
  ...inFile('core/time.ts', 'end-to-end', {
    'a bind from the future is moved to now': ["return { refused: 'future' }", 'return { ms: nowMs }'],
  }),
  ...inFile('events/auth-event.ts', 'end-to-end', {
    'a changed token leaves the old one bound': ['[clear(oldToken)]),', '[]),'],
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
  ...inFile('lambda/sqs.ts', 'end-to-end', {
    'every message leaves the queue': ["results[i]?.kind !== 'done'", 'results[i] === undefined'],
  }),
  ...inFile('events/translate.ts', 'end-to-end', {
    'events are stamped when they arrive': ['ms: time.ms,', 'ms: nowMs,'],
  }),
  ...inFile('events/handler.ts', 'end-to-end', {
    'a log names people': ['events: events.length', 'events: JSON.stringify(events)'],
  }),
  ...Object.entries(MIRROR_MUTANTS).flatMap(([file, mutants]) => inFile(file, 'mirror', mutants)),
];
