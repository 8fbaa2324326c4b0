import { expect, test } from 'vitest';
import { Caller } from './caller.ts';
import { sharedInstance } from './instance.ts';
import { contest } from './ownership.ts';

const shared = sharedInstance();

test.each([1, 2])(
  '200 tokens, each taken by 8 accounts at once, end with the latest as their one owner (round %i)',
  async (round) => {
    const { found, expected } = await contest(new Caller(shared().instance), `round-${round}`, 200);
    expect(found).toEqual(expected);
  },
);
