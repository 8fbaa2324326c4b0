// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of source files.
import { type Hunt, inFile } from './patches.ts';

/** Faults in stamps and registers; suites without a store are to notice them. */
export const REGISTER_MUTANTS: readonly Hunt[] = [
  ...inFile('core/stamp.ts', 'lattice', {
    'a tie does not go to the removal': [
      'unbindTokenFromAll: 2,\n  unbindAccountFromAll: 2,',
      'unbindTokenFromAll: 0,\n  unbindAccountFromAll: 0,',
    ],
    'an overriding bind clears what it binds': ['`${stamp}.0`', '`${stamp}.2`'],
    'a bearer is later than a sign-out in its millisecond': [
      'beginningOf(issuedMs)}${edge',
      'beginningOf(issuedMs + 1)}${edge',
    ],
    'a bearer from the future makes its bind later': [' || issuedMs >= msOf(edge) ?', ' ?'],
    'a session does not end before the issue of its bearer': ['split(/[\\^@]/, 1)', "split('^', 1)"],
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
    'a sign-out counts a bind by its own time, however old its bearer': ['asIssued(bind);', 'bind;'],
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
    'an account that moves keeps no bearer': [
      'issuedMs = operation.issuedMs } = account',
      '} = account, { issuedMs } = operation',
    ],
    'a document that overflows keeps no floor': ['    edges.dropped,\n', ''],
  }),
  ...inFile('core/merge.ts', 'limits', {
    'removals from before the horizon leave no floor': [
      '    ...expired.map(([account, edge]) => `${edge}|${account}`),\n',
      '',
    ],
    'a document has no room for its last account': ['edges: 128,', 'edges: 127,'],
    'a document has no room for its last type': ['clears: 64,', 'clears: 63,'],
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
];
