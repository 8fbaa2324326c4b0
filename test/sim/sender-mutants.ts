import { noticedBy, type UnitMutant } from './patches.ts';

/** Faults of the questions of senders. The simulator does not ask them. */
export const SENDER_MUTANTS: readonly UnitMutant[] = [
  ...noticedBy('core/binding-pages', 'core/store.ts', {
    'a page forgets the pointers that were too many for it': ['last && taken.length < read.pointed.length', 'false'],
    'accounts behind one with a further page are left out': [
      ': { account: first + unfinished, after: pages[unfinished]?.next };',
      ': { account: first + accounts.length };',
    ],
    'a page reads accounts without end': ['Math.min(accounts.length, from.account + most)', 'accounts.length'],
  }),
  ...noticedBy('core/binding-pages', 'core/bindings.ts', {
    'a page reads the watermarks of accounts that are not asked for': [
      'asked.has(name)',
      "asked.size > 0 || name === ''",
    ],
  }),
  ...noticedBy('resolve/answers', 'resolve/questions.ts', {
    'a cursor of another question is taken': ['data.of === nameOf(accounts) &&', ''],
  }),
  ...noticedBy('resolve/answers', 'resolve/answers.ts', {
    'an old spelling of a token is shown to a sender': ['|| token !== tokenOn(ref.platform, token)', ''],
  }),
  ...noticedBy('resolve/problems', 'resolve/handler.ts', {
    'a reader may read all apps that it names': ['apps.some((id) => id === app)', "apps.length > 0 || app === ''"],
  }),
  ...noticedBy('resolve/problems', 'resolve/reader.ts', {
    'a bearer is wrong while the newest secret of a reader cannot be used': [
      'one.length > 0 && one[0] === undefined ? UNUSABLE : undefined',
      'undefined',
    ],
    'any bearer is the secret of a reader': ['secret && timingSafeEqual(secret, digest)', 'secret && digest'],
  }),
];
