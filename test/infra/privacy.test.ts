import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Deployment, deployed } from './deployment.ts';
import type { Answer, Call } from './recorder.ts';
import { CANARY, SCENARIOS } from './scenarios.ts';
import { synthesized } from './synthesis.ts';

const stack = synthesized();

let deployment: Deployment;
beforeAll(async () => {
  deployment = await deployed(stack);
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

test('a function writes no account, token, session or secret when all goes well', async () => {
  for (const scenario of Object.values(SCENARIOS)) for (const step of scenario(deployment)) await step();
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
    expect(output.slice(before.get(door)?.length), door).toMatch(/"bug"|"(?:unavailable|durable|again)"/);
    expect(output, door).not.toContain(CANARY);
  }
});
