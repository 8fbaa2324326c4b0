import { expect, test } from 'vitest';
import { joinMarks, marksOf } from '../../functions/mirror/mark.ts';
import {
  account,
  bind,
  moved,
  override,
  session,
  token,
  unbind,
  unbindAll,
  unbindEverywhere,
} from '../world/examples.ts';

test('operations of one token make one mark with the newest request and the oldest change', () => {
  const applied = [
    { id: 'r1', operation: bind(10, ['alice']) },
    { id: 'r2', operation: unbind(20, ['alice']) },
    { id: 'r3', operation: moved(bind(30, ['bobby']), 'tablet') },
  ];
  expect(marksOf(applied)).toEqual({
    tokens: [
      { token: token('phone'), id: 'r2', ms: 10, removes: true },
      { token: token('tablet'), id: 'r3', ms: 30, removes: false },
    ],
    accounts: [],
  });
});

test('each account that lost every token gets one mark', () => {
  const applied = [unbindEverywhere(10, 'alice'), unbindEverywhere(20, 'alice'), unbindEverywhere(30, 'alice:1')];
  expect(marksOf(applied.map((operation, i) => ({ id: `r${i}`, operation }))).accounts).toEqual([
    { account: account('alice'), id: 'r1', ms: 20 },
    { account: account('alice:1'), id: 'r2', ms: 30 },
  ]);
});

test('an account that may have kept tokens gets a mark that says so, unless it lost every token too', () => {
  const everywhere = unbindEverywhere(10, 'alice');
  const operation = { ...everywhere, kind: 'endAccountSession', session: session('s1') } as const;
  const [kept, lost] = [
    { id: 'r1', operation },
    { id: 'r2', operation: everywhere },
  ];
  const keeps = (...marks: Parameters<typeof marksOf>[0]) => marksOf(marks).accounts.map((mark) => mark.keeps);
  expect([keeps(kept), keeps(kept, lost), keeps(lost, kept)]).toEqual([[true], [undefined], [undefined]]);
});

test('an overriding bind is marked as a removal, like an unbind', () => {
  const removes = (operation: Parameters<typeof moved>[0]) => marksOf([{ id: 'r', operation }]).tokens[0]?.removes;
  expect([bind(1, ['alice']), override(1, ['alice']), unbind(1, ['alice']), unbindAll(1)].map(removes)).toEqual([
    false,
    true,
    true,
    true,
  ]);
});

test('joined marks are forced if one of them is', () => {
  const mark = { token: token('phone'), id: 'r', ms: 5, removes: false };
  expect(joinMarks({ ...mark, forcedMs: 7 }, mark)).toEqual({ ...mark, forcedMs: 7 });
  expect(joinMarks(mark, { ...mark, forcedMs: 7 })).toEqual({ ...mark, forcedMs: 7 });
  expect(joinMarks(mark, mark)).toEqual(mark);
});
