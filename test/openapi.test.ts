import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { OperateReplies, OperateRequests } from '../functions/account-api/wire/operate.ts';
import { QueryReplies, QueryRequests } from '../functions/account-api/wire/query.ts';
import { SignOutBody } from '../functions/devices/handler.ts';
import { SignInBody } from '../functions/devices/sign-in.ts';
import { readAppEvents } from '../functions/events/sources/standard-webhooks.ts';
import { DevicesQuestion, questionIn, ResolveQuestion } from '../functions/resolve/questions.ts';
import { ROUTES } from '../infra/settings.ts';
import { openApiDocument } from '../openapi/document.ts';

/** The part of OpenAPI 3.1 that these tests read. */
const Content = z.object({
  schema: z.unknown(),
  examples: z.record(z.string(), z.object({ value: z.unknown() })),
});
const Media = z
  .union([z.object({ 'application/json': Content }), z.object({ 'application/problem+json': Content })])
  .transform((media) => Object.values(media)[0] ?? { schema: {}, examples: {} });
const Response = z.object({ content: Media.optional() });
const Operation = z.object({
  operationId: z.string(),
  security: z.array(z.record(z.string(), z.array(z.never()))),
  requestBody: z.object({ content: Media }).optional(),
  responses: z.record(z.string(), Response),
});
/** A path has one method. */
const Path = z
  .union([z.object({ post: Operation }), z.object({ get: Operation })])
  .transform((path) => ('post' in path ? path.post : path.get));
const Document = z.object({
  paths: z.record(z.string(), Path),
  components: z.looseObject({
    schemas: z.record(z.string(), z.unknown()),
    securitySchemes: z.record(z.string(), z.unknown()),
  }),
});

const text = JSON.stringify(openApiDocument());
const { paths, components } = Document.parse(JSON.parse(text));

test('docs/openapi.json is equal to the output of `npm run openapi`', () => {
  const file = readFileSync(join(import.meta.dirname, '../docs/openapi.json'), 'utf8');
  expect(JSON.stringify(JSON.parse(file), null, 1)).toBe(JSON.stringify(JSON.parse(text), null, 1));
});

test('the document describes the deployed routes, and only those', () => {
  expect(Object.keys(paths).sort()).toEqual(ROUTES.map(({ path }) => path).sort());
});

test('every reference leads to a component, and every component is used', () => {
  const refs = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)].map(([, kind, name]) => `${kind}/${name}`);
  expect(refs).toHaveLength(text.split('"$ref"').length - 1);
  const used = [
    ...refs,
    ...Object.values(paths).flatMap(({ security }) =>
      security.flatMap((way) => Object.keys(way).map((name) => `securitySchemes/${name}`)),
    ),
  ];
  const there = Object.entries(components).flatMap(([kind, named]) =>
    Object.keys(Object(named)).map((name) => `${kind}/${name}`),
  );
  expect([...new Set(used)].sort()).toEqual(there.sort());
});

/** Every body in the document, with its schema. */
const bodies = Object.entries(paths).flatMap(([path, { requestBody, responses }]) => [
  ...(requestBody ? [{ path, of: 'request', content: requestBody.content }] : []),
  ...Object.entries(responses).flatMap(([status, { content }]) => (content ? [{ path, of: status, content }] : [])),
]);
const examples = bodies.flatMap(({ path, of, content: media }) =>
  Object.entries(media.examples).map(([name, { value }]) => ({ path, of, name, value, schema: media.schema })),
);

describe('every example', () => {
  test.each(examples)('every example fits its schema: $path $of $name', ({ value, schema }) => {
    expect(readerOf(schema).safeParse(value)).toMatchObject({ success: true });
  });

  /** Returns the codec with which the service or a client reads the body. */
  const codecOf = (path: string, of: string, dialect: 'xg' | 'tpns'): z.core.$ZodType => {
    if (path.endsWith('batchoperate')) return of === 'request' ? OperateRequests[dialect] : OperateReplies[dialect];
    return of === 'request' ? QueryRequests[dialect] : QueryReplies[dialect];
  };
  const spoken = examples.flatMap((example) => {
    const dialects = (['xg', 'tpns'] as const).filter((dialect) => example.name.split('-')[0] === dialect);
    const both = example.name === 'unspoken' ? (['xg', 'tpns'] as const) : [];
    return [...dialects, ...both].map((dialect) => ({ ...example, dialect }));
  });

  test.each(spoken)('every example of the Account API is read by its codec: $path $of $name ($dialect)', (example) => {
    const { path, of, dialect, value, name } = example;
    const read = z.safeParse(codecOf(path, of, dialect), value);
    expect(read.success).toBe(true);
    const isFailure = of !== 'request' && (of !== '200' || name.endsWith('refused'));
    expect(Object(read.data).kind === 'failed').toBe(isFailure);
  });

  const events = examples.filter(({ path, of }) => path.startsWith('/events') && of === 'request');
  test.each(events)('every example of an event is read: $name', ({ value }) => {
    expect(readAppEvents(value)).toHaveProperty('events');
  });

  const questions = examples.filter(({ path, of }) => path.startsWith('/v1/') && of === 'request');
  test.each(questions)('every example of a question is read: $path $name', ({ path, value }) => {
    const schema = path === '/v1/resolve' ? ResolveQuestion : DevicesQuestion;
    expect(questionIn(schema, value)).toHaveProperty('question');
  });

  const calls = examples.filter(({ path, of }) => path.startsWith('/devices/') && of === 'request');
  test.each(calls)('every example of a call of a phone is read: $path $name', ({ path, value }) => {
    const schema = path.endsWith('sign-in') ? SignInBody : SignOutBody;
    expect(schema.safeParse(value).success).toBe(true);
  });

  test('every example is tested by one of these', () => {
    const others = examples.filter(({ path, of }) => /^\/(?:events|v1|devices)\//.test(path) && of !== 'request');
    expect(new Set([...spoken, ...events, ...questions, ...calls, ...others].map(({ value }) => value)).size).toBe(
      examples.length,
    );
  });
});

/** Returns a parser for a schema of the document. */
function readerOf(schema: unknown): z.ZodType {
  const local = (part: unknown) =>
    Object(JSON.parse(JSON.stringify(part).replaceAll('#/components/schemas/', '#/$defs/')));
  return z.fromJSONSchema({ ...local(schema), $defs: local(components.schemas) });
}

const account_list = [{ account: 'alice' }];
const token_accounts = [{ token: 'phone', account_list }];
const timestamp = '2026-01-01T00:00:00Z';
const times = <T>(length: number, item: T): T[] => Array.from({ length }, () => item);

test.each([
  ['OperateRequest', { operator_type: 6, token_accounts }],
  ['OperateRequest', { token_accounts }],
  ['OperateRequest', { operator_type: 1, account_list }],
  ['OperateRequest', { operator_type: 1, token_accounts: times(21, token_accounts[0]) }],
  ['OperateRequest', { operator_type: 4, token_list: [] }],
  ['OperateRequest', { operator_type: 4, token_list: [1] }],
  ['OperateRequest', { operator_type: 5, account_list: [{ account: 'alice', account_type: -1 }] }],
  ['QueryRequest', { operator_type: 3, token_list: ['phone'] }],
  ['QueryRequest', { operator_type: 2, token_list: times(101, 'phone') }],
])('the schema %s refuses %j', (name, body) => {
  for (const dialect of ['Xg', 'Tpns'])
    expect(readerOf({ $ref: `#/components/schemas/${dialect}${name}` }).safeParse(body).success).toBe(false);
});

test.each([
  { body: { type: 'user.login', timestamp, data: { token: 'phone', account: 'alice', mood: 'append' } } },
  { body: { type: 'user.login', timestamp: 'yesterday', data: { token: 'phone', account: 'alice' } } },
  { body: { type: 'user.logout', data: { token: 'phone' } } },
  { body: { type: 'user.left', timestamp, data: { token: 'phone' } } },
  { body: [] },
  { body: [{ type: 'user.logout', timestamp, data: { token: 'phone' } }] },
])('the schema Events refuses $body', ({ body }) => {
  expect(readerOf({ $ref: '#/components/schemas/Events' }).safeParse(body).success).toBe(false);
  expect(readAppEvents(body)).toHaveProperty('issues');
});

test('descriptions state limits in bytes', () => {
  expect(text).toContain('a token is 1 to 64 bytes of text');
  expect(text).toContain('a token is 1 to 1,000 bytes of text');
  expect(text).toContain('an account is 2 to 255 bytes of text');
});
