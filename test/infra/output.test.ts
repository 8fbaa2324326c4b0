import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import type { Deployment } from './deployment.ts';
import { mirroredDeployment } from './mirrored-deployment.ts';
import type { Answer, Call } from './recorder.ts';
import { CANARY, SCENARIOS } from './scenarios.ts';
import { MIRRORED, synthesized } from './synthesis.ts';

const stack = synthesized({ configuration: MIRRORED });

let deployment: Deployment;
beforeAll(async () => {
  deployment = await mirroredDeployment(stack);
});
afterAll(() => deployment.stop());

const ITEM = { pk: { S: CANARY }, sk: { S: `T#${CANARY}` }, version: { S: `\n    at ${CANARY}` }, edge: { N: '1' } };
const poisoned: Readonly<Record<string, object>> = {
  GetItem: { Item: ITEM },
  BatchGetItem: { Responses: { [stack.idAt('Registry')]: [ITEM] } },
  Query: { Items: [ITEM] },
};

/** What AWS may answer where nothing goes well, each with a text that quotes what it was asked. */
const TROUBLE: Readonly<Record<string, (call: Call) => Answer | undefined>> = {
  'calls that are refused': () => ({
    status: 400,
    body: JSON.stringify({ __type: 'ValidationException', message: CANARY }),
  }),
  'answers that cannot be read': ({ action }) =>
    action === 'secretsmanager:GetSecretValue' ? undefined : { status: 200, body: `{"${CANARY}` },
  'items that nobody wrote': ({ action }) => {
    const body = poisoned[action.replace('dynamodb:', '')];
    return body && { status: 200, body: JSON.stringify(body) };
  },
};

/** All that the functions have written until now, by door. */
async function outputs(): Promise<(readonly [door: string, output: string])[]> {
  const doors = Object.keys(SCENARIOS);
  return Promise.all(doors.map(async (door) => [door, (await deployment.lines(door)).join('\n')] as const));
}

const Line = z.object({ message: z.record(z.string(), z.unknown()) });
/** A request at a door, or an attempt of the worker at a message: what happened, whose, and how long it took. */
const Requested = z.object({
  message: z.literal('request'),
  stage: z.enum(['events', 'account-api']),
  id: z.uuid(),
  status: z.int(),
  outcome: z.enum(['applied', 'answered']),
  app: z.string().regex(/shop/),
  duration_ms: z.int(),
});
const Attempted = z.object({
  message: z.literal('apply'),
  id: z.string().optional(),
  ids: z.string().optional(),
  outcome: z.enum(['done', 'retry']),
  receives: z.int(),
  waited_ms: z.int(),
});

test('a function writes a line for each request and each attempt, and the id of the one is in the other', async () => {
  for (const [door, scenario] of Object.entries(SCENARIOS)) {
    // What the doors have sent is not seen before the second that they may take themselves.
    if (door === 'apply') await setTimeout(1_100);
    for (const step of scenario(deployment)) await step();
  }
  const lines = new Map(
    (await outputs()).map(([door, output]) => [door, output.split('\n').map((line) => Line.parse(JSON.parse(line)))]),
  );
  const requests = ['events', 'account-api'].flatMap((door) => lines.get(door) ?? []);
  const asked = requests.map(({ message }) => Requested.parse(message));
  const tried = (lines.get('apply') ?? []).map(({ message }) => Attempted.parse(message));
  expect(asked.filter(({ stage }) => stage === 'events')).not.toEqual([]);
  const settled = tried.flatMap(({ id, ids = '' }) => [id, ...ids.split(' ')]);
  expect(asked.filter(({ outcome, id }) => outcome === 'applied' && !settled.includes(id))).toEqual([]);
});

test('a function writes no account, token, session or secret when all goes well', async () => {
  const secrets = ['source web', 'app shop-android', 'app shop-ios'].map((id) =>
    deployment.secret(`Credentials/${id}`),
  );
  for (const [door, output] of await outputs()) {
    expect(output, door).toContain('"outcome"');
    expect(output, door).not.toMatch(new RegExp([CANARY, ...secrets].join('|')));
  }
});

test.each(Object.entries(TROUBLE))('nor with %s', async (_, trouble) => {
  const before = new Map(await outputs());
  deployment.recorder.interrupt((call) => (call.who in SCENARIOS ? trouble(call) : undefined));
  // It cannot do what it is for: that is the point.
  for (const scenario of Object.values(SCENARIOS))
    for (const step of scenario(deployment)) await step().catch(() => {});
  for (const [door, output] of await outputs()) {
    expect(output.slice(before.get(door)?.length), door).toMatch(/"bug"|"(?:unavailable|durable|retry)"/);
    expect(output, door).not.toContain(CANARY);
  }
});
