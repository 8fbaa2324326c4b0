import { expect, test } from 'vitest';
import { codeOf, receiptIn, ticketOf, world } from '../world/devices.ts';

/** Repeatable random numbers (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const PIECES = [
  '',
  '.',
  '..',
  'e30',
  'null',
  '{',
  '}',
  '"',
  '\\',
  '\0',
  '-_',
  '=',
  'Bearer ',
  '\u{1f600}',
  '[]',
  '1e999',
];

/** The text with some of its letters changed, cut out, doubled or replaced: never the text itself. */
function damaged(text: string, below: (n: number) => number): string {
  let result = text;
  while (result.trim() === text)
    for (let i = 0; i <= below(3); i += 1) {
      const at = below(result.length + 1);
      const piece = PIECES[below(PIECES.length)] ?? '';
      result = result.slice(0, at) + piece + result.slice(at + below(4));
    }
  return result;
}

test('2,000 damaged bearers, receipts and bodies get a problem below 500 and change nothing', async () => {
  const { bearerOf, signIn, post, queued, held } = await world();
  const bearer = await bearerOf();
  const receipt = receiptIn(await signIn(bearer));
  queued.length = 0;
  const below = random(16);
  const [into, out] = ['/devices/phone/sign-in', '/devices/phone/sign-out'];
  const withBearer = (text: string) => post(into, { token: 't2' }, { authorization: `Bearer ${text}` });
  const calls = [
    () => withBearer(damaged(bearer, below)),
    () => withBearer(damaged(ticketOf({}), below)),
    () => post(into, damaged('{"token":', below), { authorization: `Bearer ${bearer}` }),
    () => post(out, { receipt: damaged(receipt, below) }),
    () => post(out, damaged(`{"receipt":"${receipt.slice(0, 40)}"}`, below)),
  ];
  const seen = new Set<string>();
  for (let i = 0; i < 2_000; i += 1) seen.add(codeOf((await calls[i % calls.length]?.()) ?? expect.fail('no call')));
  expect([...seen].sort()).toEqual(['400 invalid_receipt', '400 invalid_request', '400 not_json', '401 invalid_token']);
  expect(queued).toEqual([]);
  expect(await held()).toEqual(['0#alice']);
});
