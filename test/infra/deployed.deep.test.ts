import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { appSecret } from '../../functions/account-api/wire/credentials.ts';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { App } from '../../functions/core/configuration.ts';
import { DOORS, type Door } from '../../infra/settings.ts';
import { ownAccountApi, ownHandler } from '../conformance/own-account-api.ts';

import { type Deployment, deployed } from './deployment.ts';
import { DOOR_SCENARIOS } from './door-scenarios.ts';
import { sourcesOf } from './embedded-stack.ts';
import { type Actions, allowedTo } from './policy.ts';
import type { Answer, Call } from './recorder.ts';
import { CANARY, type Scenario } from './scenario.ts';
import { COMPLETE, MIRRORED, synthesized } from './synthesis.ts';
import { WORKER_SCENARIOS } from './worker-scenarios.ts';

/** The scenario of each function. A function in the settings without a scenario does not compile. */
const SCENARIOS: Readonly<Record<Door, Scenario>> = { ...DOOR_SCENARIOS, ...WORKER_SCENARIOS };

/** The mirrored apps, without the pace of calls that would slow the tests down. */
const UNPACED = MIRRORED.apps.flatMap(({ mirror, ...app }) =>
  mirror ? [{ ...app, mirror: { ...mirror, callsPerS: 1000 } }] : [],
);
const stack = synthesized({ configuration: Configuration.parse({ ...COMPLETE, apps: UNPACED }) });

let deployment: Deployment;
let hosted: Awaited<ReturnType<typeof ownAccountApi>>;

/** Deploys the stack, with mirrors to an Account API of our own, and runs each function through its scenario. */
beforeAll(async () => {
  const apps = UNPACED.map(({ id, mirror, ...app }) => ({
    ...app,
    id: mirror.app,
    dialect: mirror.dialect,
    mirrors: id,
  }));
  const secretOf = new Map(apps.map(({ id, mirrors }) => [id, `Mirror ${mirrors}/Secret`]));
  hosted = await ownAccountApi(
    ownHandler({
      apps: new Map(apps.map(({ mirrors: _, ...app }) => [app.id, App.parse(app)])),
      secretsOf: async (app) => [appSecret(deployment.secret(`${secretOf.get(app)}`))],
    }),
  );
  const toOurs = (value: string) =>
    UNPACED.reduce((text, { mirror }) => text.replaceAll(mirror.url, hosted.url), value);
  deployment = await deployed(stack, toOurs);
  for (const door of DOORS) {
    // Messages of a door become visible only after the second in which the door applies them itself.
    if (door === 'apply') await setTimeout(1_100);
    for (const step of SCENARIOS[door](deployment)) await step();
  }
}, 120_000);
afterAll(async () => {
  await deployment.stop();
  await hosted.close();
});

test('every function of the stack has its scenario', () => {
  const functions = Object.keys(stack.template.findResources('AWS::Lambda::Function')).map((id) => stack.paths.get(id));
  expect(functions.toSorted()).toEqual(Object.keys(SCENARIOS).toSorted());
});

describe.each(DOORS)('%s', (door) => {
  test('the function calls everything that its policy allows, and nothing else', () => {
    expect(together(deployment.called(door), calledByLambda(door))).toEqual(allowedTo(door, stack));
  });

  test('the bundle is smaller than its budget', () => {
    expect(deployment.bundles.contents(door).bytes).toBeLessThan(BUDGETS[door] ?? BUDGET);
  });

  test('the bundle has jose and the code of phones and of senders only in their doors', () => {
    const own = deployment.bundles
      .filesIn(door)
      .map((file) => /node_modules\/jose|functions\/(?:devices|resolve)\//.exec(file));
    const rooms: Partial<Record<Door, string[]>> = {
      devices: ['functions/devices/', 'node_modules/jose'],
      events: ['node_modules/jose'],
      resolve: ['functions/resolve/'],
    };
    expect([...new Set(own.flatMap((match) => match?.[0] ?? []))].toSorted()).toEqual(rooms[door] ?? []);
  });

  test('the bundle reads credentials only from the environment', () => {
    const providers = /credential-provider|token-providers|nested-clients/;
    expect(deployment.bundles.packagesIn(door).filter((name) => providers.test(name))).toEqual([]);
  });

  test('the bundle has the English texts of zod and no others, and no code of tools or tests', () => {
    const left =
      /zod\/v4\/locales\/(?!en\.js|index\.js)|node_modules\/@?preact|^(?:local|cli|bench|test|openapi|conformance)\//;
    expect(deployment.bundles.filesIn(door).filter((file) => left.test(file))).toEqual([]);
  });

  test('the loaded bundle reports a missing environment variable in words', async () => {
    // zod/mini has no texts without a locale. Other tests load classic zod, which sets one for the whole process.
    const cold = promisify(execFile)(process.execPath, [deployment.bundles.file(door)], { env: {} });
    await expect(cold).rejects.toThrow('REGISTRY_TABLE: Invalid input: expected string, received undefined');
  });

  test('the bundle has no client and no command of the AWS SDK that the function does not call', () => {
    const called = Object.values(deployment.called(door)).flat();
    const commands = sdkCommandsIn(door);
    const clients = deployment.bundles
      .packagesIn(door)
      .flatMap((name) => /^@aws-sdk\/client-(.+)$/.exec(name)?.[1]?.replace('-', '') ?? []);
    const uncalled = commands.filter((command) => !called.includes(command));
    expect(uncalled).toEqual([]);
    // Workers send to queues of mirrors, park, and change visibilities.
    expect(clients).toEqual(isWaitedFor(door) ? [] : ['sqs']);
  });

  test.runIf(isWaitedFor(door))(
    'the bundle of a door that a caller waits for has nothing of the SDK but marshall',
    () => {
      const ofSdk = deployment.bundles.packagesIn(door).filter((name) => /^@(?:aws-sdk|smithy)\//.test(name));
      expect(ofSdk).toEqual(['@aws-sdk/util-dynamodb']);
    },
  );
});

const isWaitedFor = (door: Door): boolean => WAITED_FOR.some((one) => one === door);

/** The HTTP doors. */
const WAITED_FOR = ['events', 'account-api', 'devices', 'resolve'] as const;

/**
 * Maximum size of a bundle in bytes. Every 100 KB take about 4 ms of a whole processor to parse, before anything runs:
 * raise it for code that a function needs, and only then.
 */
const BUDGET = 260_000;

/** Of doors without the SDK, of them `events` with all kinds of sources, and of functions with undici, an HTTP client. */
const BUDGETS: Readonly<Partial<Record<Door, number>>> = {
  ...{ events: 157_000, 'account-api': 105_000, devices: 125_000, resolve: 86_000 },
  intake: 275_000,
  ...{ mirror: 1_010_000, verify: 1_010_000 },
};

/** Returns the commands of the SDK's clients in a bundle, as IAM names them: `sqs:SendMessage`. */
const sdkCommandsIn = (door: Door): string[] =>
  deployment.bundles.filesIn(door).flatMap((file) => {
    const [, client = '', command] = /@aws-sdk\/client-([^/]+)\/dist-es\/commands\/(\w+)Command\.js$/.exec(file) ?? [];
    // One permission covers SendMessage and SendMessageBatch.
    return command ? [`${client.replace('-', '')}:${command.replace('SendMessageBatch', 'SendMessage')}`] : [];
  });

/** Actions of Lambda in the function's name: it receives from the queues that feed the function, and writes the log. */
const calledByLambda = (door: string): Actions => {
  const polling = ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'];
  return {
    [`${door}-log`]: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    ...Object.fromEntries(sourcesOf(stack, door).map((source) => [source, polling])),
  };
};

const together = (...lists: Actions[]): Actions => {
  const paths = new Set(lists.flatMap((list) => Object.keys(list)));
  return Object.fromEntries(
    [...paths].map((path) => [path, [...new Set(lists.flatMap((list) => list[path] ?? []))].sort()]),
  );
};

/** Returns everything that the functions have written until now, by door. */
const outputs = (): Promise<(readonly [door: string, output: string])[]> =>
  Promise.all(DOORS.map(async (door) => [door, (await deployment.lines(door)).join('\n')] as const));

const Line = z.object({ message: z.record(z.string(), z.unknown()) });
/** The line of a request at an HTTP door. `resolve` answers about all apps of a reader. */
const RequestLine = z.object({
  message: z.literal('request'),
  stage: z.enum(WAITED_FOR),
  id: z.uuid(),
  status: z.int(),
  outcome: z.enum(['applied', 'answered', 'refused']),
  app: z.string().regex(/shop/).optional(),
  duration_ms: z.int(),
});
/** The line of a try of `apply` at a message. */
const ApplyLine = z.object({
  message: z.literal('apply'),
  id: z.string().optional(),
  ids: z.string().optional(),
  outcome: z.enum(['done', 'retry']),
  receives: z.int(),
  waited_ms: z.int(),
});

test('a door logs a line for each request, the worker one for each try, and both have the id of the request', async () => {
  const lines = new Map(
    (await outputs()).map(([door, output]) => [door, output.split('\n').map((line) => Line.parse(JSON.parse(line)))]),
  );
  const requests = WAITED_FOR.flatMap((door) => lines.get(door) ?? []).map(({ message }) => RequestLine.parse(message));
  const tries = (lines.get('apply') ?? []).map(({ message }) => ApplyLine.parse(message));
  expect(requests.filter(({ stage }) => stage === 'events')).not.toEqual([]);
  const ids = tries.flatMap(({ id, ids = '' }) => [id, ...ids.split(' ')]);
  expect(requests.filter(({ outcome, id }) => outcome === 'applied' && !ids.includes(id))).toEqual([]);
});

test('a function logs no account, token, session or secret when all goes well', async () => {
  const secrets = ['source web', 'app shop-android', 'app shop-ios', 'reader push', 'devices'].map((id) =>
    deployment.secret(`Credentials/${id}`),
  );
  for (const [door, output] of await outputs()) {
    expect(output, door).toContain('"outcome"');
    expect(output, door).not.toMatch(new RegExp([CANARY, ...secrets].join('|')));
  }
});

const ITEM = { pk: { S: CANARY }, sk: { S: `T#${CANARY}` }, version: { S: `\n    at ${CANARY}` }, edge: { N: '1' } };
const poisoned: Readonly<Record<string, object>> = {
  GetItem: { Item: ITEM },
  BatchGetItem: { Responses: { [stack.idAt('Registry')]: [ITEM] } },
  Query: { Items: [ITEM] },
};

/** Bad answers of AWS. Each contains a text that a function must not log. */
const BAD_ANSWERS: Readonly<Record<string, (call: Call) => Answer | undefined>> = {
  'AWS refuses its calls': () => ({
    status: 400,
    body: JSON.stringify({ __type: 'ValidationException', message: CANARY }),
  }),
  'AWS answers with invalid JSON': ({ action }) =>
    action === 'secretsmanager:GetSecretValue' ? undefined : { status: 200, body: `{"${CANARY}` },
  'the table holds items that Bindery never wrote': ({ action }) => {
    const body = poisoned[action.replace('dynamodb:', '')];
    return body && { status: 200, body: JSON.stringify(body) };
  },
};

test.each(Object.entries(BAD_ANSWERS))('a function logs no account or token when %s', async (_, badAnswer) => {
  const before = new Map(await outputs());
  deployment.recorder.interrupt((call) => (call.caller in SCENARIOS ? badAnswer(call) : undefined));
  // The steps fail, as they must with such answers.
  const steps = DOORS.map(async (door) => {
    for (const step of SCENARIOS[door](deployment)) await step().catch(() => {});
  });
  await Promise.all(steps);
  for (const [door, output] of await outputs()) {
    expect(output.slice(before.get(door)?.length), door).toMatch(/"bug"|"(?:unavailable|durable|retry)"/);
    expect(output, door).not.toContain(CANARY);
  }
});
