// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of source files.
import type { Mutant } from './patches.ts';
import type { SuiteName } from './suites.ts';

/** A mutant with the suite that has to notice it. */
export type Hunt = Mutant & { readonly suite: SuiteName };

const inFile = (file: string, suite: SuiteName, mutants: Record<string, readonly [from: string, to: string]>): Hunt[] =>
  Object.entries(mutants).map(([name, [from, to]]) => ({ name, file, suite, from, to }));

/** Faults of our own making in what keeps a hosted API equal, by file; the suite `mirror` is to notice them. */
const MIRROR_MUTANTS: Readonly<Record<string, Record<string, readonly [from: string, to: string]>>> = {
  '../test/sim/mirror/case.ts': {
    'each operation is relayed': ["from './site.ts'", "from './relay.ts'"],
  },
  '../test/sim/mirror/scene.ts': {
    'verification comes before the longest way is over': ['SETTLE_S = 60', 'SETTLE_S = 10'],
  },
  'mirror/push.ts': {
    'a call without an answer is not verified': ["?.kind !== 'dropped');", "?.kind === 'pushed');"],
    'nothing is verified': ["results.get(mark.token)?.kind !== 'dropped');", 'false);'],
    'a push is written down before its verification is asked for': [
      '  for (const [delayS, group] of Map.groupBy(sent,',
      '  await inParallel(sent, AT_ONCE, (one) => write(ports, one, (state) => stateAfter(state, one, results.get(one.mark.token), nowMs)));\n  for (const [delayS, group] of Map.groupBy(sent,',
    ],
    'a push is written down before it is made': [
      '  const results = await makeCalls(',
      "  for (const one of dirty) await write(ports, one, (state) => stateAfter(state, one, { kind: 'pushed' }, ports.now()));\n  const results = await makeCalls(",
    ],
    'tokens of a signed-out account are not looked at': [
      'if (tokens.length > 0) await mark(',
      'if (!tokens) await mark(',
    ],
    'tokens of a signed-out account are pushed only if dirty': ['keeps ? {} : { forcedMs: now() }', '{}'],
    'a mark that could not be pushed leaves the queue': [
      "if (result.kind === 'retry') byToken",
      "if (result.kind === 'later') byToken",
    ],
  },
  'mirror/calls.ts': {
    'a call without an answer changes nothing': [
      "const isTried = answer.kind === 'unavailable' &&",
      'const isTried = false &&',
    ],
  },
  'operations/messages.ts': {
    'the mirror is marked before the registry is written': [
      '  const applied = await applyTogether(ports, bodies.map(messageIn));\n  const unmarked = await markMirrors(ports, applied);\n',
      "  const early = { ...ports, apply: async (all) => all.map(() => ({ kind: 'applied' })) };\n  const unmarked = await markMirrors(ports, await applyTogether(early, bodies.map(messageIn)));\n  const applied = await applyTogether(ports, bodies.map(messageIn));\n",
    ],
    'a mark that could not be made is forgotten': ['const isUnmarked =', 'const isUnmarked = false &&'],
    'only the first operation of a message is marked': ["outcomes[i]?.kind !== 'unavailable'", 'i === 0'],
  },
  'mirror/plan.ts': {
    'what an override leaves is left': ["accounts: dialect === 'tpns' ? leftBy(accounts, seen) : []", 'accounts: []'],
  },
  'mirror/compare.ts': {
    'what is found different is left': ['  await ports.mark({ tokens, accounts: [] });\n', ''],
  },
  'aws/queues.ts': {
    'marks of a token within five minutes are one': [
      'MessageDeduplicationId: hash(body)',
      'MessageDeduplicationId: hash(JSON.stringify([marks.tokens?.map(({ token }) => token), marks.accounts?.map(({ account }) => account)]))',
    ],
    'marks of a token go to any group': [
      'const groupOf = (name: string) => `${Number.parseInt(hash(name)',
      'const groupOf = (name: string) => `${Number.parseInt(hash(JSON.stringify([name, tokens]))',
    ],
    'a group names its token': ['Number.parseInt(hash(name).slice(0, 8), 16) % GROUPS', 'encodeURIComponent(name)'],
  },
};

/**
 * Faults that were met while this was designed, or that a hurried change could bring back. Each is switched on alone,
 * and each has to be noticed: what finds no mutant finds no bug.
 */
export const MUTANTS: readonly Hunt[] = [
  ...inFile('core/stamp.ts', 'lattice', {
    'a tie does not go to the removal': [
      'unbindTokenFromAll: 2,\n  unbindAccountFromAll: 2,',
      'unbindTokenFromAll: 0,\n  unbindAccountFromAll: 0,',
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
    'removals are dropped at once': [
      'edge > clearOf({ clear, clearFloor }, typeOf(account)))',
      'isBind(edge) && edge > clearOf({ clear, clearFloor }, typeOf(account)))',
    ],
    'what is not shown is deleted': ['newest(alive, limits.edges)', 'newest(alive, 2)'],
  }),
  ...inFile('core/document.ts', 'lattice', {
    "an account's watermark is not looked at": [' || isRemoved(watermark, edge)', ''],
    'a clear of a type is not looked at': ["later(clear[type] ?? '', clearFloor", "later('', clearFloor"],
    'an ended session still binds': ['if (session === undefined) return false;', 'if (true) return false;'],
    'a session ended for one account has no type': [
      'eventHash(session, account)',
      "eventHash(session, account.split('#')[1])",
    ],
    'a sign-out of the others takes the session that stays': [' && session !== sessionIn(edge)', ''],
    'a sign-out of the others spares all sessions': ['edge <= removal && session !== sessionIn(edge)', 'false'],
    'a session that ended for its account still binds': ["hasEnded(watermark.ended, '', edge)", 'false'],
  }),
  ...inFile('core/merge.ts', 'lattice', {
    'a session that is signed out is forgotten': ['raise(draft.ended, operation.session, at);', '{}'],
    'the sign-out of a session on a token is forgotten': [
      'raise(draft.ended, operation.session, removalAt(operation.stamp));\n      break;',
      'break;',
    ],
    'only one sign-out of the others is kept': ['other > draft.removal),\n    2,', 'other > draft.removal),\n    1,'],
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
    'an ended session is forgotten beyond the limit': ['above(fence, endedFloor, sessions.dropped)', "''"],
    'a bind of an ended session lives on when the session is forgotten': ['draft.edges[account] = deadAt(edge);', '{}'],
    'a bind from before the horizon still binds': ['if (operation.stamp < horizon) return;', ''],
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
    'a lost race counts as won': ["if (result === 'written') return next;", 'return next;'],
    'what is unavailable counts as applied': ['at(outcome, i) : outcome', "at(outcome, i) : { kind: 'applied' }"],
  }),
  ...inFile('../test/memory/registry-store.ts', 'storage', {
    'a document is written whatever its version': ['(winner?.version ?? 0) !== version', 'false'],
  }),
  ...inFile('core/bindings.ts', 'storage', {
    "an account's watermark is read first": [
      '    const bound = await newestBound(work, ref, known);\n    const [stored] = await work.store.watermarks([ref]);\n',
      '    const [stored] = await work.store.watermarks([ref]);\n    const bound = await newestBound(work, ref, known);\n',
    ],
    'watermarks are not read': ['watermarks.get(`${app}#${account}`) ?? UNMARKED', 'UNMARKED'],
    'a pointer is taken for a binding': [
      'return isBound(document, account, known, work.nowMs) ?',
      'return document !== EMPTY ?',
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
    'a session is forgotten while reads of it are under way': ['idleMs > now() - IDLE_MS', 'false'],
    'watermarks of the page before are not read': [
      "read && 'watermark' in read ? read.watermark : UNMARKED",
      'UNMARKED',
    ],
  }),
  ...inFile('../test/memory/sweep-store.ts', 'collecting', {
    'a pointer that has risen is collected': [
      'known?.get(token) === edge && known.delete(token)',
      'known?.delete(token) === true',
    ],
  }),
  ...inFile('core/installation.ts', 'installations', {
    'a late login keeps its own token': [
      'removals: removalsOf(newest, known ? [...logins, known] : logins)',
      'removals: removalsOf(newest, known ? [...logins, known] : logins).filter(({ token }) => token === known?.token)',
    ],
    'the token of a newer login keeps what an older login takes': [
      'removals: removalsOf(newest, known ? [...logins, known] : logins)',
      'removals: removalsOf(newest, known ? [...logins, known] : logins).filter(({ stamp }) => stamp >= newest.stamp)',
    ],
    'of many logins only the newest counts': [
      'known ? [...logins, known] : logins',
      'known ? [newest, known] : [newest]',
    ],
    'the newest login is written before the other token is cleared': [
      '  const outcomes = (await apply(',
      '  for (const one of takeovers) await orUnavailable(() => raise(store, one));\n  const outcomes = (await apply(',
    ],
    'a login is written over one that it has not read': ['if (result.winner?.token !== token)', 'if (false)'],
    'a later login with the same token is not written': [
      'known === undefined || known.stamp < stamp',
      'known === undefined || (known.stamp < stamp && known.token !== token)',
    ],
    'a token that could not be cleared is forgotten': ["outcomes.find(({ kind }) => kind === 'unavailable') ??", ''],
    'a token is cleared at the first login of the others': ['others.sort().at(-1)', 'others.sort().at(0)'],
  }),
  ...inFile('sweep/installations.ts', 'collecting', {
    'the newest login of a bound token is collected': ['.some(isBind)', '.some(() => false)'],
    'the newest login is collected while older ones can come': ['isAncient(login.stamp, nowMs)', 'true'],
  }),
  ...inFile('operations/accept.ts', 'end-to-end', {
    'operations are applied before they are on the queue': [
      'const sent = await orUnavailable(() => enqueue(id, operations));',
      'await apply(operations);\n    const sent = await orUnavailable(() => enqueue(id, operations));',
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
  ...inFile('core/time.ts', 'end-to-end', {
    'a bind from the future is moved to now': [
      "return { refused: ms > nowMs + NOT_YET_MS ? 'future' : 'not yet' }",
      'return { ms: nowMs }',
    ],
  }),
  ...inFile('events/auth-event.ts', 'end-to-end', {
    'a changed token leaves the old one bound': ['[left]),', '[]),'],
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
  ...inFile('core/apply.ts', 'end-to-end', {
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
  ...Object.entries(MIRROR_MUTANTS).flatMap(([file, mutants]) => inFile(file, 'mirror', mutants)),
];
