import { expect, test } from 'vitest';
import { checkedMoment, local, momentIn } from '../../../cli/history/time.ts';
import { sentence, tableOf } from '../../../cli/history/words.ts';
import type { Answer } from '../../../functions/history/replay.ts';
import { key, override, unbindEverywhere } from '../../world/examples.ts';

const NOW = new Date('2026-11-28T15:00:00').getTime();
const at = (text: string) => new Date(text).getTime();

test('a time of day is the last one in the local time zone, and a whole time is taken as it is', () => {
  expect(momentIn('14:03', NOW)).toBe(at('2026-11-28T14:03:00'));
  expect(momentIn('9:03:07.5', NOW)).toBe(at('2026-11-28T09:03:07.500'));
  expect(momentIn('15:01', NOW)).toBe(at('2026-11-27T15:01:00'));
  expect(momentIn('2026-11-28T14:03:00+01:00', NOW)).toBe(Date.parse('2026-11-28T13:03:00Z'));
  expect(momentIn('2026-11-28 14:03', NOW)).toBe(at('2026-11-28T14:03:00'));
  expect(momentIn('2026-11-28', NOW)).toBe(at('2026-11-28T00:00:00'));
});

test.each(['25:00', '14:61', 'yesterday', '14', '2026-13-01', '1764338580000'])('the text %s is no time', (text) => {
  expect(() => momentIn(text, NOW)).toThrow('such as 14:03');
});

test('a moment that the ledger does not answer for is refused', () => {
  expect(checkedMoment(NOW - 89 * 86_400_000, NOW, 90)).toBe(NOW - 89 * 86_400_000);
  expect(() => checkedMoment(NOW - 91 * 86_400_000, NOW, 90)).toThrow('longer ago than 90 days');
  expect(() => checkedMoment(NOW + 1, NOW, 90)).toThrow('in the future');
});

const [from, until] = [at('2026-11-28T14:02:59.800'), at('2026-11-28T14:03:00.400')];
const answer = (more: Partial<Answer>): Answer => ({
  ...{ account: key('alice'), standing: 'perhaps', fromMs: from, untilMs: until, before: 'no', after: 'yes' },
  ...more,
});

test.each<[Partial<Answer>, string]>([
  [{ standing: 'yes', untilMs: undefined }, 'yes, since 2026-11-28 14:02:59.800'],
  [{ standing: 'yes' }, 'yes, since 2026-11-28 14:02:59.800 until 2026-11-28 14:03:00.400'],
  [{}, 'perhaps: a sign-in was accepted at 2026-11-28 14:02:59.800 and in effect by 2026-11-28 14:03:00.400'],
  [
    { untilMs: undefined },
    'perhaps: a sign-in was accepted at 2026-11-28 14:02:59.800 and is not known to be in effect yet',
  ],
  [
    { before: 'yes', after: 'no' },
    'perhaps: a sign-out, or a sign-in of another account, was accepted at 2026-11-28 14:02:59.800 and in effect by 2026-11-28 14:03:00.400',
  ],
])('an answer %o is a sentence with the interval of its uncertainty', (more, text) => {
  expect(sentence('alice', answer(more))).toBe(`  alice: ${text}`);
});

test('a table shows an operation with its sender, its times and its outcome, by the times of events', () => {
  const entry = {
    id: 'r1',
    from: 'events/app',
    acceptedMs: from,
    appliedMs: until,
    outcome: 'applied',
    expiresMs: NOW,
  } as const;
  const lines = tableOf(
    [
      { ...entry, operation: unbindEverywhere(until, 'alice') },
      { ...entry, operation: override(from, ['alice', 'bob:2']), id: '', from: undefined, acceptedMs: undefined },
      { ...entry, operation: override(until + 1, ['carol']), outcome: 'refused', reason: 'too old' },
    ],
    true,
  );
  expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['happened', 'what', 'token', 'accounts', 'from', 'accepted', 'in effect by', 'outcome', 'request'],
    [local(from), 'sign-in', 'phone', 'alice, bob (type 2)', 'before the ledger', '-', local(until), 'in effect', '-'],
    [local(until), 'sign-out everywhere', 'all', 'alice', 'events/app', local(from), local(until), 'in effect', 'r1'],
    [local(until + 1), 'sign-in', 'phone', 'carol', 'events/app', local(from), '-', 'refused: too old', 'r1'],
  ]);
});
