import { type Hunt, inFile } from '../patches.ts';

/** Faults of the doors of phones and senders, and of a phone. */
export const PHONES_MUTANTS: readonly Hunt[] = [
  ...inFile('../test/sim/phones/phone.ts', 'phones', {
    'a phone shows what it does not check': ['fence === kept?.fence', "fence === kept?.fence || fence !== ''"],
    'a phone keeps its fence when its user signs out': [
      '  phone.kept = undefined;\n  phone.login = undefined;',
      '  phone.login = undefined;',
    ],
  }),
  ...inFile('core/fence.ts', 'phones', {
    'all accounts of a phone have one fence': [
      'accountKey(account), sessionIn(edge) ?? eventOf(edge)]',
      'typeof account, typeof sessionIn(edge) ?? eventOf(edge)]',
    ],
  }),
  ...inFile('core/document.ts', 'phones', {
    'the issue of a bearer is not looked at': ['const edge = asIssued(bind);', 'const edge = bind;'],
  }),
  ...inFile('devices/sign-in.ts', 'phones', {
    'a bind does not say when its bearer was issued': [
      '{ session, untilMs, issuedMs };',
      '{ session, untilMs, issuedMs: undefined };',
    ],
    'the sign-in of the next user hides a sign-out': ['.some((at) =>', ".some((at) => at[14] === '2' &&"],
  }),
  ...inFile('devices/receipt.ts', 'phones', {
    'a receipt removes everybody': [
      "kind: 'unbind',\n  app,\n  token,\n  accounts: [account],\n  stamp: stampOf('unbind', Math.max(msOf(stamp), outlivedMs),",
      "kind: 'unbindTokenFromAll',\n  app,\n  token,\n  stamp: stampOf('unbind', msOf(stamp) + 3_600_000,",
    ],
    'a receipt does not end its session': [
      "eventHash('sign-out', app, token, account, stamp)),\n  session,",
      "eventHash('sign-out', app, token, account, stamp, session)),",
    ],
  }),
];
