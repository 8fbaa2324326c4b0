// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of source files.
import { type Hunt, inFile } from './patches.ts';

/** Faults in how the registry is written, read and collected; suites with a hostile store are to notice them. */
export const STORE_MUTANTS: readonly Hunt[] = [
  ...inFile('core/apply.ts', 'storage', {
    'the pointer is written after the document': [
      '    await point(ports.store, ref, newBinds(stored?.document, next), pointed);\n    const result = await ports.store.write(ref, next, stored?.version ?? 0);\n',
      '    const before = stored;\n    const result = await ports.store.write(ref, next, stored?.version ?? 0);\n    await point(ports.store, ref, newBinds(before?.document, next), pointed);\n',
    ],
    'a lost race counts as won': ["if (result === 'written') return next;", 'return next;'],
    'what is unavailable counts as applied': ['at(outcome, i) : outcome', "at(outcome, i) : { kind: 'applied' }"],
  }),
  ...inFile('core/parallel.ts', 'storage', {
    'work that is left counts as done': ['left = await work(left);', 'left = (await work(left)) && [];'],
  }),
  ...inFile('core/batch.ts', 'storage', {
    'a document of a batch is written whatever became of its pointers': ['(_, i) => raised[i] !== true', '() => false'],
    'a write of a batch that is not certain counts as done': [
      'if (result !== undefined) begun[place] =',
      'begun[place] = result === undefined ? { applied: document } :',
    ],
    'a lost race of a batch counts as won': ["result === 'written' ? { applied", 'true ? { applied'],
  }),
  ...inFile('../test/memory/registry-store.ts', 'storage', {
    'a document is written whatever its version': ['(winner?.version ?? 0) !== version', 'false'],
  }),
  ...inFile('core/bindings.ts', 'storage', {
    'watermarks are not read': ['watermarks.get(`${app}#${account}`) ?? UNMARKED', 'UNMARKED'],
    'a pointer is taken for a binding': [
      'return isBound(document, account, known, work.nowMs) ?',
      'return document !== EMPTY ?',
    ],
  }),
  ...inFile('sweep/rules.ts', 'collecting', {
    'a pointer is collected whatever its document says': ['if (isBind(known) || edge', 'if (edge'],
    'what is bound is folded for its age': [
      '([account, edge]) => edge < horizon && !isBound',
      '([account, edge]) => edge < horizon || !isBound',
    ],
    'a dead bind is folded that is younger than the horizon': ['edge < horizon && !isBound', '!isBound'],
    'an edge later than the sign-out of its account is forgotten': ['  edge <= (watermarks', "  '' < (watermarks"],
  }),
  ...inFile('../cli/erase/forget.ts', 'collecting', {
    'an account is erased before its sign-out is in effect': [
      'readable(marks[i])?.watermark ?? UNMARKED',
      "{ ...UNMARKED, removal: '9' }",
    ],
    'an account is erased over a sign-in that came meanwhile': [
      'registry.write(ref, next, version)',
      'registry.write(ref, next, readable((await registry.documents([ref]))[0])?.version ?? 0)',
    ],
  }),
  ...inFile('../cli/import/known.ts', 'collecting', {
    'an import sends what an old live event decides': ['moment < stamp && isLive(moment)', 'false'],
  }),
  ...inFile('sweep/collect.ts', 'collecting', {
    'a watermark is collected while pointers remain': ['if (await store.hasPointers(ref)) return false;', ''],
    'a watermark is collected as soon as it has no pointers': [
      'idleMs !== undefined && idleMs <= now() - IDLE_MS',
      'true',
    ],
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
];
