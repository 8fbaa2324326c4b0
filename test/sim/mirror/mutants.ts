// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of source files.
import { type Hunt, inFile } from '../patches.ts';

/** Faults in what keeps a hosted API equal, by file. */
const BY_FILE: Readonly<Record<string, Record<string, readonly [from: string, to: string]>>> = {
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
      'if (tokens.length + accounts.length > 0) await mark(',
      'if (!tokens) await mark(',
    ],
    'tokens of a signed-out account are pushed only if dirty': [
      'keeps ? {} : { forcedMs: after?.forcedMs ?? now() }',
      '{}',
    ],
    'only the first tokens of a signed-out account are marked': ['next === undefined ? [] :', 'ms ? [] :'],
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

/** The suite `mirror` is to notice them. */
export const MIRROR_MUTANTS: readonly Hunt[] = Object.entries(BY_FILE).flatMap(([file, mutants]) =>
  inFile(file, 'mirror', mutants),
);
