import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AccountKey, accountKey, parseAccountKey } from '../../functions/core/account.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { EMPTY, isBound, UNMARKED } from '../../functions/core/document.ts';
import { merge, raised } from '../../functions/core/merge.ts';
import { type AccountOperation, binds, isTokenOperation, type Operation } from '../../functions/core/operation.ts';
import type { Outcome } from '../../functions/core/outcome.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import {
  byMsOf,
  type Entry,
  entriesOf,
  fromMsOf,
  keptName,
  MARGIN_MS,
  receiptsOf,
} from '../../functions/history/entry.ts';
import { answerAt, answersAt, type TokenLedger } from '../../functions/history/replay.ts';
import { account, bind, key, override, overrideTypes, session, token, unbind, unbindAll } from '../world/examples.ts';

const NAMES = ['alice', 'bob', 'carol:1'];
const NOW = 1_000;

type Case = { readonly operation: Operation; readonly acceptedMs: number; readonly appliedMs: number };

const onAccount = (kind: AccountOperation['kind'], ms: number, name: string, id: string): AccountOperation => ({
  ...{ kind, app: override(1, ['alice']).app, account: account(name), session: session(id) },
  stamp: stampOf(kind, ms, eventHash(String(ms))),
});

const named = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 2 });
const ids = fc.constantFrom('s1', 's2');
const shape = fc.oneof(
  fc.tuple(fc.constantFrom(bind, override, overrideTypes, unbind), named, fc.option(ids, { nil: undefined })),
  fc.constant(unbindAll),
  fc.tuple(fc.constantFrom('unbindAccountFromAll', 'unbindAccountFromOthers', 'endAccountSession'), named, ids),
  fc.tuple(fc.constant('endSession'), ids),
);

/** An operation whose time is its place in a random order, and which was accepted and applied at random times. */
const made = ([one, ms, acceptedMs, lateMs, lease]: [
  typeof shape extends fc.Arbitrary<infer S> ? S : never,
  number,
  number,
  number,
  number | undefined,
]): Case => {
  const times = { acceptedMs, appliedMs: acceptedMs + lateMs };
  if (!Array.isArray(one)) return { operation: one(ms), ...times };
  const [what, who, id] = one;
  if (typeof what === 'function') {
    const operation = what(ms, who, id === undefined ? {} : { session: id });
    return {
      operation: binds(operation) && lease !== undefined ? { ...operation, untilMs: lease } : operation,
      ...times,
    };
  }
  if (what === 'endSession')
    return { operation: { ...unbindAll(ms), kind: what, session: session(`${who}`) }, ...times };
  // The tuple of an account's operation has all three.
  return { operation: onAccount(what as AccountOperation['kind'], ms, who?.[0] ?? '', `${id}`), ...times };
};

const history = fc
  .array(fc.tuple(shape, fc.nat(60), fc.nat(60), fc.nat(25), fc.option(fc.nat(80), { nil: undefined })), {
    maxLength: 7,
  })
  .map((all) => all.filter(([, ms], i) => all.findIndex((other) => other[1] === ms) === i).map(made));

/** The accounts that the registry shows once these operations are in it. */
function boundAfter(operations: readonly Operation[], atMs: number): AccountKey[] {
  const document = merge(EMPTY, operations.filter(isTokenOperation));
  const signOuts = operations.filter((one): one is AccountOperation => !isTokenOperation(one));
  return NAMES.map(key).filter((name) => {
    const own = signOuts.filter(({ account }) => accountKey(account) === name);
    return isBound(
      document,
      name,
      own.reduce((mark, one) => raised(mark, one), UNMARKED),
      atMs,
    );
  });
}

/** The outcome that a worker finds which applies the operation last. */
function outcomeOf({ operation, appliedMs }: Case, all: readonly Case[]): Outcome {
  if (!binds(operation)) return { kind: 'applied' };
  const before = all.filter((other) => other.appliedMs <= appliedMs).map((other) => other.operation);
  const document = merge(EMPTY, before.filter(isTokenOperation));
  const bound = boundAfter(before, appliedMs);
  const own = operation.accounts.map(accountKey).filter((name) => document.edges[name]?.startsWith(operation.stamp));
  return { kind: own.some((name) => bound.includes(name)) ? 'applied' : 'superseded' };
}

const ledgerOf = (all: readonly Case[]): TokenLedger => {
  const entries: Entry[] = [];
  const signOuts = new Map<AccountKey, Entry[]>(NAMES.map((name) => [key(name), []]));
  for (const one of all) {
    const message = {
      id: 'r',
      acceptedMs: one.acceptedMs,
      operations: [one.operation],
      outcomes: [outcomeOf(one, all)],
    };
    for (const [place, entry] of entriesOf(message, one.appliedMs, 90)) {
      if ('token' in place) entries.push(entry);
      else if (!isTokenOperation(entry.operation)) signOuts.get(accountKey(place.account.account))?.push(entry);
    }
  }
  return { entries, signOuts, nowMs: NOW };
};

/** All states of the registry that were possible at a time: what had been applied, and any part of what was on its way. */
function statesAt(all: readonly Case[], atMs: number): AccountKey[][] {
  const open = all.filter(({ acceptedMs, appliedMs }) => acceptedMs <= atMs && atMs < appliedMs);
  const certain = all.filter(({ appliedMs }) => appliedMs <= atMs);
  return Array.from({ length: 2 ** open.length }, (_, bits) => {
    const some = open.filter((_, i) => (bits >> i) & 1);
    return boundAfter(
      [...certain, ...some].map(({ operation }) => operation),
      atMs,
    );
  });
}

test('an answer says yes for what every possible state of the registry showed, and perhaps for all that one of them did', () => {
  const property = fc.property(history, fc.nat(90), (all, atMs) => {
    const states = statesAt(all, atMs);
    const expected = NAMES.map(key).flatMap((name) => {
      const count = states.filter((bound) => bound.includes(name)).length;
      return count === 0 ? [] : [[name, count === states.length ? 'yes' : 'perhaps']];
    });
    const answers = answersAt(ledgerOf(all), atMs).map(({ account, standing }) => [account, standing]);
    expect(answers.sort()).toEqual(expected.sort());
  });
  fc.assert(property, { numRuns: 3_000 });
});

test('a standing lasts exactly from and until the times that an answer names', () => {
  const property = fc.property(history, fc.nat(90), (all, atMs) => {
    const ledger = ledgerOf(all);
    const standingAt = (name: AccountKey, ms: number) =>
      answersAt(ledger, ms).find(({ account }) => account === name)?.standing ?? 'no';
    for (const { account, standing, fromMs = 0, untilMs, before, after } of answersAt(ledger, atMs)) {
      for (let ms = fromMs; ms < (untilMs ?? 100); ms++) expect(standingAt(account, ms)).toBe(standing);
      expect(standingAt(account, fromMs - 1)).toBe(before);
      if (untilMs !== undefined) expect(standingAt(account, untilMs)).toBe(after);
    }
  });
  fc.assert(property, { numRuns: 300 });
});

const entry = (operation: Operation, more: Partial<Entry> = {}): Entry => ({
  ...{ operation, id: 'r', acceptedMs: 10, appliedMs: 20, outcome: 'applied', expiresMs: NOW + MARGIN_MS },
  ...more,
});

const standing = (entries: Entry[], atMs: number, nowMs = NOW) =>
  answerAt({ entries, signOuts: new Map(), nowMs }, key('alice'), atMs).standing;

test('an operation that is not applied yet stays a perhaps until now', () => {
  const open = entry(override(5, ['alice']), { outcome: 'unavailable' });
  expect([5, 15, NOW].map((ms) => standing([open], ms))).toEqual(['no', 'perhaps', 'perhaps']);
});

test('two operations on their way may end together what neither ends alone', () => {
  const open = { acceptedMs: 30, appliedMs: 40 };
  const again = entry(bind(6, ['alice'], { session: 's2' }), open);
  const end = { ...unbindAll(7), kind: 'endSession', session: session('s2') } as const;
  const known = entry(bind(5, ['alice'], { session: 's1' }));
  expect(standing([known, again, entry(end, open)], 35)).toBe('perhaps');
  expect([[again], [entry(end, open)]].map((one) => standing([known, ...one], 35))).toEqual(['yes', 'yes']);
});

test('a bind that its door applied, and a worker refused for its age, was perhaps there until then', () => {
  const refused = { outcome: 'refused', appliedMs: 40, acceptedMs: 30 } as const;
  for (const made of [bind, override]) {
    const late = entry(made(6, ['alice']), refused);
    expect([29, 30, 39, 40].map((ms) => standing([late], ms))).toEqual(['no', 'perhaps', 'perhaps', 'no']);
  }
});

test('an account stays known on a token with more accounts in its history than a document has room for', () => {
  const visitors = Array.from({ length: 200 }, (_, i) => [
    entry(bind(10 + 2 * i, [`visitor ${i}`])),
    entry(unbind(11 + 2 * i, [`visitor ${i}`])),
  ]);
  // The registry has forgotten the removals of the first visitors by the time of the last: it still shows the owner.
  expect(standing([entry(bind(5, ['alice'])), ...visitors.flat()], 600)).toBe('perhaps');
});

test('a bind that was renewed keeps each account by its own renewals alone', () => {
  const day = 86_400_000;
  const login = override(5, ['alice', 'bob']);
  const renewed = { ownMs: 130 * day, accounts: { [keptName(login, account('alice'))]: 230 * day } };
  const entries = [entry(login, { expiresMs: 230 * day, renewed })];
  const at = (nowMs: number) => answersAt({ entries, signOuts: new Map(), nowMs }, 50).map((one) => one.account);
  expect(at(119 * day)).toEqual([key('alice'), key('bob')]);
  // The sign-out of bob, if there was one, expires from day 130 on.
  expect(at(120 * day)).toEqual([key('alice')]);
  expect(at(220 * day)).toEqual([]);
});

test('a bind that was refused binds nothing, and as an overriding bind it still removes', () => {
  const refused = { outcome: 'refused', appliedMs: 40, acceptedMs: 30 } as const;
  const before = entry(bind(5, ['alice']));
  expect(standing([entry(bind(6, ['alice']), refused)], 50)).toBe('no');
  expect(standing([before, entry(bind(6, ['alice']), refused)], 50)).toBe('yes');
  expect(standing([before, entry(override(6, ['bob']), refused)], 50)).toBe('no');
});

test('an entry without the time of its door may have been in effect since a few seconds before its event', () => {
  const old = entry(override(50_000, ['alice']), { acceptedMs: undefined, appliedMs: 60_000 });
  expect([fromMsOf(old), byMsOf(old)]).toEqual([44_000, 60_000]);
});

test('an entry that is about to expire removes and does not bind: the removal that came before it may be gone', () => {
  const nearEnd = NOW + MARGIN_MS - 1;
  expect(standing([entry(override(5, ['alice']))], 50, nearEnd)).toBe('no');
  expect(
    standing([entry(bind(4, ['alice']), { expiresMs: nearEnd + MARGIN_MS }), entry(override(5, ['bob']))], 50, nearEnd),
  ).toBe('no');
});

test('an entry of a bind in the history of an account names that account alone', () => {
  const message = { id: 'r', operations: [override(5, NAMES)], outcomes: [{ kind: 'applied' }] } as const;
  const places = entriesOf(message, 20, 90).map(([place, { operation }]) => [
    'token' in place ? place.token.token : accountKey(place.account.account),
    'accounts' in operation ? operation.accounts.map(accountKey) : [],
  ]);
  const alone = NAMES.map((name) => [key(name), [key(name)]]);
  expect(places).toEqual([[token('phone'), NAMES.map(key)], ...alone]);
  expect(parseAccountKey(key('alice'))).toEqual(account('alice'));
});

test('a request of any length has items that DynamoDB takes, and loses no operation', () => {
  const app = AppId.parse('a'.repeat(64));
  const operations = Array.from({ length: 6_500 }, (_, i) => ({ ...unbindAll(i), app }));
  const outcomes = operations.map(() => ({ kind: 'refused', reason: 'a bind older than the horizon' }) as const);
  const items = receiptsOf({ id: 'r', operations, outcomes }, 20, 90).map(({ elements }) => elements);
  expect(Math.max(...items.map((elements) => JSON.stringify(elements).length))).toBeLessThan(300_000);
  expect(items.flat().map(({ stamp }) => stamp)).toEqual(operations.map(({ stamp }) => stamp));
});
