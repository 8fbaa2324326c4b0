import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import type { Endpoint } from '../../functions/account-api/wire/endpoint.ts';
import { basic, type Headers, signed } from '../world/account-api.ts';

/** A part of every text in a request. A reply or a log line that contains it quotes the request. */
export const CANARY = 'canary';

const text = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom('1', '2', '3').map((end) => `${CANARY}${end}`) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('\0', '\r\nx: y', '\u202e', '\ud800', '用户', '😀', '__proto__', '<script>', '".*#|~', '')
      .map((odd) => CANARY + odd),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(58, 59, 94, 95, 249, 250, 994, 995).map((more) => CANARY + 'x'.repeat(more)),
  },
);
const account = fc.record(
  { account: text, account_type: fc.constantFrom(0, 1, 2, -0, 2_147_483_647) },
  { requiredKeys: ['account'] },
);
const list = <T>(of: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 19, arbitrary: fc.array(of, { minLength: 1, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(of, { minLength: 18, maxLength: 23 }) },
  );
const around = {
  platform: fc.constantFrom('android', 'Android', 'ios'),
  op_type: fc.constantFrom('qq', 'other'),
  op_id: text,
};

const operation = fc.oneof(
  fc.record(
    {
      operator_type: fc.constantFrom(1, 2, 3),
      token_accounts: list(fc.record({ token: text, account_list: list(account) })),
      ...around,
    },
    { requiredKeys: ['operator_type', 'token_accounts'] },
  ),
  fc.record(
    { operator_type: fc.constant(4), token_list: list(text), ...around },
    { requiredKeys: ['operator_type', 'token_list'] },
  ),
  fc.record(
    { operator_type: fc.constant(5), account_list: list(account), ...around },
    { requiredKeys: ['operator_type', 'account_list'] },
  ),
);
const query = fc.oneof(
  fc.record(
    { operator_type: fc.constant(1), account_list: list(account), ...around },
    { requiredKeys: ['operator_type', 'account_list'] },
  ),
  fc.record(
    { operator_type: fc.constant(2), token_list: list(text), ...around },
    { requiredKeys: ['operator_type', 'token_list'] },
  ),
);

/** JSON texts to put in place of a value. */
const ODD_VALUES = [
  'null',
  'true',
  '""',
  '[]',
  '{}',
  '0',
  '-1',
  '1.5',
  '1e400',
  '-0',
  '9007199254740993',
  `"${CANARY}"`,
  `["${CANARY}"]`,
  '"\\ud800"',
  '"\\u0000"',
  `{"${CANARY}":"${CANARY}"}`,
  `{"__proto__":{"polluted":"${CANARY}"}}`,
  '[[[[[[[[]]]]]]]]',
  '['.repeat(5_000) + ']'.repeat(5_000),
];
const ODD_KEYS = ['__proto__', 'constructor', 'prototype', 'operator_type', 'token', 'account', 'length', CANARY];

type Mutation = {
  readonly kind: 'replace' | 'remove' | 'add' | 'twice';
  readonly at: number;
  readonly value: string;
  readonly key: string;
};
const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('replace', 'remove', 'add', 'twice'),
  at: fc.nat({ max: 40 }),
  value: fc.constantFrom(...ODD_VALUES),
  key: fc.constantFrom(...ODD_KEYS),
});

/** Writes JSON and changes the value that is `at` steps into it. */
function written(json: unknown, { kind, at, value, key }: Mutation): string {
  let steps = at;
  const change = (name: string, inner: () => string): string[] => {
    switch (kind) {
      case 'replace':
        return [`${name}${value}`];
      case 'remove':
        return [];
      case 'add':
        return [`${name}${inner()}`, name === '' ? value : `${JSON.stringify(key)}:${value}`];
      case 'twice':
        return [`${name}${inner()}`, `${name}${value}`];
    }
  };
  const member = (name: string, one: unknown): string[] =>
    steps-- === 0 ? change(name, () => write(one)) : [`${name}${write(one)}`];
  const write = (one: unknown): string => {
    if (Array.isArray(one)) return `[${one.flatMap((item) => member('', item)).join()}]`;
    if (typeof one !== 'object' || one === null) return Object.is(one, -0) ? '-0' : JSON.stringify(one);
    const members = Object.entries(one).flatMap(([name, item]) => member(`${JSON.stringify(name)}:`, item));
    return `{${members.join()}}`;
  };
  return write(json);
}

/** The body in bytes: unchanged, with one byte changed, cut short, or behind other bytes. */
const damage = fc.oneof(
  { weight: 8, arbitrary: fc.constant((body: Buffer) => body) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => (body: Buffer) => {
      const changed = Buffer.from(body);
      const place = at % body.length;
      changed[place] = (body[place] ?? 0) ^ mask;
      return changed;
    }),
  },
  { weight: 1, arbitrary: fc.nat().map((at) => (body: Buffer) => body.subarray(0, at % body.length)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom([0xef, 0xbb, 0xbf], [0xff, 0xfe], [0x1f, 0x8b], [0])
      .map((bytes) => (body: Buffer) => Buffer.concat([Buffer.from(bytes), body])),
  },
);

const proof = fc.constantFrom<((app: string, body: Buffer) => Headers)[]>(
  (app) => basic(app),
  (app) => basic(app),
  (app, body) => signed(app, body),
  (app, body) => signed(app, body),
  (app) => basic(app, CANARY),
  (app, body) => ({ ...signed(app, body), timestamp: '123abc' }),
  (app, body) => ({ ...signed(app, body), sign: CANARY }),
  () => basic(CANARY),
  () => ({ authorization: CANARY }),
  () => ({}),
);

/** The parts of a request. */
const parts = fc.record({
  app: fc.constantFrom('xg', 'tpns', 'xg-typed', 'tpns-typed'),
  sent: fc.oneof(
    fc.record({ endpoint: fc.constant<Endpoint>('operate'), json: operation }),
    fc.record({ endpoint: fc.constant<Endpoint>('query'), json: query }),
    fc.record({ endpoint: fc.constantFrom<Endpoint>('operate', 'query'), json: fc.jsonValue() }),
  ),
  mutation: fc.option(mutation, { nil: { kind: 'replace', at: -1, value: '', key: '' } as const }),
  damage,
  proof,
});

/** A request, valid or invalid in any of its layers. */
export type Sent = {
  readonly app: string;
  readonly endpoint: Endpoint;
  readonly headers: Headers;
  readonly body: Buffer;
};

export const anyRequest: fc.Arbitrary<Sent> = parts.map(({ app, sent, mutation, damage, proof }) => {
  const body = damage(Buffer.from(written(sent.json, mutation)));
  return { app, endpoint: sent.endpoint, headers: proof(app, body), body };
});
