import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Match } from 'aws-cdk-lib/assertions';
import type { APIGatewayProxyEventV2, SQSEvent } from 'aws-lambda';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { CONTEXT } from '../../bench/installation.ts';
import { mirrorLog } from '../../functions/aws/mirrors.ts';
import { postponeIn } from '../../functions/aws/queues.ts';
import { secretsReader } from '../../functions/aws/secrets.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { webhookKey } from '../../functions/events/signature.ts';
import { httpDoor } from '../../functions/lambda/http.ts';
import type { Log } from '../../functions/lambda/log.ts';
import type { MessageResult } from '../../functions/lambda/message.ts';
import type { HttpHandler } from '../../functions/lambda/request.ts';
import { sqsDoor } from '../../functions/lambda/sqs.ts';
import type { MirrorNote } from '../../functions/mirror/ports.ts';
import { THRESHOLDS } from '../../infra/monitoring/thresholds.ts';
import * as settings from '../../infra/settings.ts';
import { eventsPerS, Stage } from '../../infra/stages.ts';
import { startSecrets } from '../../local/aws/servers.ts';
import { localClient } from '../aws/local-client.ts';
import { world as accountApi, basic, tokenAccounts } from '../world/account-api.ts';
import { world as events, login as loginOf, NOW, signed } from '../world/events.ts';
import { COMPLETE, MIRRORED, synthesized } from './synthesis.ts';

const folder = join(import.meta.dirname, '../../docs/operations');
const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const page = readdirSync(folder).map(read).join('\n');

const dev = synthesized({ configuration: COMPLETE });
const functionUrls = synthesized({ configuration: COMPLETE, front: 'function-url' });
const unmirrored = synthesized();

const Alarm = z.object({
  AlarmDescription: z.string(),
  TreatMissingData: z.string(),
  EvaluationPeriods: z.int(),
  Metrics: z.array(z.object({ Id: z.string(), Expression: z.string().optional() })).optional(),
  AlarmActions: z.array(z.unknown()).optional(),
  OKActions: z.array(z.unknown()).optional(),
});
const alarmsOf = ({ template }: typeof dev) =>
  Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Alarm.parse(Properties));

/** A heading as its link spells it. */
const slug = (heading: string): string => heading.toLowerCase().replaceAll(' ', '-');
const alarmSections = [...read('alarms.md').matchAll(/^## (.+)$/gm)].map(([, heading = '']) => slug(heading));

test('an alarm names the meaning, the first step and its section in docs/operations/alarms.md, and is off without traffic', () => {
  for (const { AlarmDescription, TreatMissingData } of [...alarmsOf(dev), ...alarmsOf(functionUrls)]) {
    expect(AlarmDescription).toMatch(/^[^.]+\..* First: .+[.?] docs\/operations\/alarms\.md#[a-z-]+$/);
    expect(TreatMissingData).toBe('notBreaching');
  }
});

test('every alarm has its section in docs/operations/alarms.md, and every section its alarm', () => {
  const sectionsOf = (of: typeof dev) => alarmsOf(of).map(({ AlarmDescription }) => AlarmDescription.split('#')[1]);
  expect([...new Set(sectionsOf(dev))].toSorted()).toEqual(alarmSections.toSorted());
  expect(sectionsOf(functionUrls)).toEqual(sectionsOf(dev));
});

test('every mirror has its own alarms, which name its app, and so has every source with a queue', () => {
  const owned = alarmsOf(dev)
    .map(({ AlarmDescription }) => /^(?:Mirror of|Source) (\S+): .*#([a-z-]+)$/.exec(AlarmDescription)?.slice(1) ?? [])
    .filter(([app]) => app !== undefined);
  for (const { id } of MIRRORED.apps)
    expect(owned.filter(([app]) => app === id).map(([, section]) => section)).toEqual([
      'mirror-stopped',
      'dropped-tokens',
      'drift-in-a-mirror',
      'failing-verifications',
      'mirror-behind',
      'checks-not-received',
      'dead-letters-of-a-mirror',
    ]);
  for (const source of ['shop', 'bus'])
    expect(owned).toEqual(
      expect.arrayContaining([
        [source, 'dead-letters-of-a-source'],
        [source, 'source-behind'],
      ]),
    );
  expect(owned).toHaveLength(alarmsOf(dev).length - alarmsOf(unmirrored).length);
});

test('an expression uses only metrics of its alarm, and FILL only with 0', () => {
  for (const { Metrics = [] } of [...alarmsOf(dev), ...alarmsOf(functionUrls)]) {
    const ids = Metrics.map(({ Id }) => Id);
    const expressions = Metrics.flatMap(({ Expression }) => Expression ?? []);
    const used = expressions.flatMap((expression) => expression.match(/\b[a-z]\w*/g) ?? []);
    expect(used.filter((id) => !ids.includes(id))).toEqual([]);
    for (const [, filler] of expressions.join(' ').matchAll(/FILL\(\w+, ([^)]+)\)/g)) expect(filler).toBe('0');
  }
});

test('a sum with FILL is judged by several periods, because FILL has 0 for a value that comes late', () => {
  for (const { Metrics = [], EvaluationPeriods } of alarmsOf(dev))
    if (Metrics.some(({ Expression }) => Expression?.includes('FILL'))) expect(EvaluationPeriods).toBeGreaterThan(1);
});

test('an outage of the table is seen in the log of the worker, since SQS leaves out messages received three times', () => {
  dev.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'FailingMs',
    Statistic: 'Maximum',
    Threshold: 1000 * THRESHOLDS.failingS,
  });
});

test('an alarm goes off at the first parked operation', () => {
  dev.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [dev.idAt('Operations/Parked'), 'QueueName'] } }],
    Threshold: 1,
    EvaluationPeriods: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  });
});

test('an alarm sends a mail when it goes off and when it is over, if an address is given', () => {
  const mailed = synthesized({ alarmEmail: 'ops@shop.example' });
  const topic = { Ref: Object.keys(mailed.template.findResources('AWS::SNS::Topic'))[0] };
  for (const { AlarmActions, OKActions } of alarmsOf(mailed))
    expect([AlarmActions, OKActions]).toEqual([[topic], [topic]]);
  mailed.template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'ops@shop.example' });
  mailed.template.hasResourceProperties('AWS::SNS::TopicPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Effect: 'Allow',
          Action: 'sns:Publish',
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        }),
      ]),
    },
  });
  expect(dev.template.findResources('AWS::SNS::Topic')).toEqual({});
  for (const { AlarmActions } of alarmsOf(dev)) expect(AlarmActions).toBeUndefined();
});

const Filter = z.object({
  FilterPattern: z.string(),
  LogGroupName: z.object({ Ref: z.string() }),
  MetricTransformations: z.tuple([
    z.object({
      MetricName: z.string(),
      MetricValue: z.string(),
      Dimensions: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
    }),
  ]),
});
const filters = Object.values(dev.template.findResources('AWS::Logs::MetricFilter')).map(({ Properties }) =>
  Filter.parse(Properties),
);

/** The value of a selector such as `$.message.status` in a line of the log. */
const selected = (line: object, selector: string): unknown =>
  selector
    .split('.')
    .slice(1)
    .reduce<unknown>((value, key) => Object(value)[key], line);

const TERM = /^\(?(\$[\w.]+) (=|!=|>=) (?:"([^"]+)"|(\d+))\)?$/;

/** Evaluates a filter pattern of CloudWatch that is a list of terms. All of them must match. */
const holds = (pattern: string, line: object): boolean =>
  pattern
    .replace(/^\{ | \}$/g, '')
    .split(' && ')
    .every((term) => {
      const [, selector = '', comparison, text, number] = TERM.exec(term) ?? [];
      const value = selected(line, selector);
      if (comparison === '>=') return typeof value === 'number' && value >= Number(number);
      if (text === undefined) throw new Error(`a term this test cannot read: ${term}`);
      return comparison === '=' ? value === text : value !== undefined && value !== text;
    });

/** Returns the metrics that the filters of a function's log make of a line in Lambda's JSON format. */
const metricsOf = (door: settings.Door, message: object): Record<string, unknown> => {
  const line = JSON.parse(JSON.stringify({ timestamp: '', level: 'INFO', requestId: 'r1', message }));
  const hits = filters.filter(
    ({ FilterPattern, LogGroupName }) =>
      dev.paths.get(LogGroupName.Ref) === `${door}-log` && holds(FilterPattern, line),
  );
  return Object.fromEntries(
    hits.map(({ MetricTransformations: [{ MetricName, MetricValue, Dimensions }] }) => {
      const value = MetricValue.startsWith('$') ? selected(line, MetricValue) : Number(MetricValue);
      const dimensions = Dimensions.map(({ Value }) => `{${selected(line, Value)}}`).join('');
      return [MetricName + dimensions, value];
    }),
  );
};

/** Returns a log, and a reader of the metrics of all its lines. */
function logOf(door: settings.Door) {
  const lines: object[] = [];
  const log: Log = (_, message, line) => lines.push({ message, ...line });
  return { log, metrics: () => Object.assign({}, ...lines.map((line) => metricsOf(door, line))) };
}

/** Sends a request through a door. Returns the metrics of its log lines. */
async function metricsAfter(door: settings.HttpDoor, handle: HttpHandler): Promise<Record<string, unknown>> {
  const { log, metrics } = logOf(door);
  const sent = { requestContext: { requestId: 'r1', http: { method: 'POST' } }, rawPath: '/', headers: {} };
  // A door looks at nothing else of an event.
  await httpDoor(handle, log)(sent as unknown as APIGatewayProxyEventV2, CONTEXT);
  return metrics();
}

/** Settings of AWS clients whose calls all fail. */
const NOWHERE = {
  endpoint: 'http://127.0.0.1:1',
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
};

/** Has the worker finish a message with that many receives. Returns the metrics of its log lines. */
async function metricsOfMessage(
  settled: MessageResult,
  receives: number,
  stage: 'apply' | 'intake' = 'apply',
): Promise<Record<string, unknown>> {
  const { log, metrics } = logOf(stage);
  const door = sqsDoor({
    settle: async () => [settled],
    postpone: postponeIn(new SQSClient(NOWHERE), [NOWHERE.endpoint]),
    stage,
    log,
    isRoutine: ({ parked }) => parked === 0,
  });
  const attributes = { ApproximateReceiveCount: `${receives}`, SentTimestamp: '0' };
  // A door looks at nothing else of a record.
  const sent = {
    Records: [{ messageId: 'm1', receiptHandle: 'h1', body: '', eventSourceARN: '', attributes }],
  } as unknown as SQSEvent;
  await door(sent, CONTEXT);
  return metrics();
}

const login = loginOf({ account: 'alice' });
const down = async () => {
  throw new Unavailable('Down');
};
const superseding: HttpHandler = async () => {
  const { handle } = events();
  await handle(signed(login));
  const at = (ms: number, id: string) => ({ ...login, id, timestamp: new Date(ms).toISOString() });
  return handle(signed([at(NOW - 5_000, 'earlier'), at(NOW - 500, 'later')]));
};
const bind = { headers: basic('xg'), body: Buffer.from(JSON.stringify(tokenAccounts(2, 'phone', 'alice'))) };
const EffectMs = expect.any(Number);

test.each<[string, settings.HttpDoor, HttpHandler, object]>([
  ['an applied request', 'events', () => events().handle(signed(login)), { EffectMs, EventToEffectMs: 1000 }],
  ['an applied request of the Account API', 'account-api', () => accountApi().send(bind), { EffectMs }],
  ['a superseded event', 'events', superseding, { EffectMs, EventToEffectMs: 5_000, Superseded: 1 }],
  ['a request that is not applied', 'events', () => events({ apply: down }).handle(signed(login)), { Durable: 1 }],
  [
    'an unsigned request',
    'events',
    () => events().handle({ ...signed(login), headers: {} }),
    { 'Refused{not_signed}': 1 },
  ],
  [
    'a wrong secret',
    'account-api',
    () => accountApi().send({ headers: basic('xg', 'guess') }),
    { 'Refused{notAuthenticated}': 1 },
  ],
  ['a bug', 'account-api', () => Promise.reject(new Error('bug')), { Bugs: 1 }],
])('the line of %s in %s becomes its metrics', async (_, door, handle, metrics) => {
  expect(await metricsAfter(door, handle)).toEqual(metrics);
});

test('removals that were superseded, and logins ahead of our clock, are counted', () => {
  const line = { message: 'request', outcome: 'applied', superseded_removals: 2 };
  for (const door of ['events', 'account-api'] as const)
    expect(metricsOf(door, line)).toEqual({ SupersededRemovals: 2 });
  expect(metricsOf('events', { message: 'request', outcome: 'unavailable', ahead_s: 40 })).toEqual({ AheadS: 40 });
  expect(metricsOf('events', { message: 'request', outcome: 'unavailable', superseded_removals: 0 })).toEqual({});
});

test('events without an effect are counted by their reason, at the door and from queues', () => {
  const ignored = { ignored_other_type: 2, ignored_no_account: 1 };
  const counted = { IgnoredOtherType: 2, IgnoredNoAccount: 1 };
  expect(metricsOf('events', { message: 'request', outcome: 'ignored', ...ignored })).toEqual(counted);
  expect(metricsOf('intake', { message: 'intake', outcome: 'done', ...ignored })).toMatchObject(counted);
  const both = { message: 'request', outcome: 'applied', duration_ms: 7, ignored_no_session: 1 };
  expect(metricsOf('events', both)).toEqual({ EffectMs: 7, IgnoredNoSession: 1 });
});

test('the alarm on refused signatures reads both reasons', () => {
  const text = JSON.stringify(dev.template.findResources('AWS::CloudWatch::Alarm'));
  const reasons = [...text.matchAll(/"Name":"reason","Value":"(\w+)"/g)].map(([, reason]) => reason);
  expect(reasons.toSorted()).toEqual(['notAuthenticated', 'not_signed', 'too_many_devices']);
});

test('a bug and an applied request of phones and senders are counted, and a refused sign-in raises no alarm', () => {
  for (const door of ['devices', 'resolve'] as const) {
    expect(metricsOf(door, { message: 'bug' })).toEqual({ Bugs: 1 });
    const unproven = { message: 'request', outcome: 'refused', reason: 'invalid_token' };
    expect(metricsOf(door, unproven)).toEqual({ 'Refused{invalid_token}': 1 });
    expect(metricsOf(door, { message: 'request', outcome: 'applied', duration_ms: 7 })).toEqual({ EffectMs: 7 });
  }
});

test('a 429 of devices itself is no throttled request', () => {
  const metricsIn = ({ template }: typeof dev) =>
    Object.values(template.findResources('AWS::CloudWatch::Alarm')).find(({ Properties }) =>
      Properties.AlarmDescription.endsWith('#throttled-requests'),
    )?.['Properties'].Metrics;
  const expressions = JSON.stringify(metricsIn(dev));
  expect(expressions).toContain('FILL(turnedAway, 0) - FILL(full, 0)');
  expect(expressions).toContain('{"Name":"reason","Value":"too_many_devices"}');
  expect(JSON.stringify(metricsIn(unmirrored))).not.toContain('too_many_devices');
});

test('an alarm reads at most ten metrics, as CloudWatch allows', () => {
  for (const { Metrics = [] } of [...alarmsOf(dev), ...alarmsOf(functionUrls)])
    expect(Metrics.filter(({ Expression }) => Expression === undefined).length).toBeLessThanOrEqual(10);
});

test('a bug is counted', async () => {
  const metrics = await metricsAfter('account-api', async () => {
    throw new Error('bug');
  });
  expect(metrics).toEqual({ Bugs: 1 });
});

test('a message that is done has a metric of its time on the queue, and one that fails another', async () => {
  for (const parked of [0, 1])
    expect(await metricsOfMessage({ kind: 'done', id: 'r1', parked }, 1)).toEqual({ QueuedMs: expect.any(Number) });
  const again = { kind: 'retry', reason: 'Down' } as const;
  for (const stage of ['apply', 'intake'] as const)
    expect(await metricsOfMessage(again, 1, stage)).toEqual({ FailingMs: expect.any(Number) });
});

test.each<[string, MirrorNote, metrics: object, onlyIn?: settings.MirrorDoor]>([
  [
    'a call',
    { kind: 'called', call: 'bindOverriding', elements: 3, answer: 'answered' },
    { 'MirrorCalls{shop-ios}{answered}': 1 },
  ],
  ['a stop', { kind: 'breaker', state: 'stopped', reason: 'code 1008003' }, { 'MirrorStopped{shop-ios}': 1 }],
  ['an open breaker', { kind: 'breaker', state: 'open', reason: 'timeout' }, {}],
  ['a dropped token', { kind: 'dropped', reason: 'refused', requests: 'r1' }, { 'MirrorDropped{shop-ios}': 1 }],
  ['unknown accounts', { kind: 'untranslatable', accounts: 2 }, { 'MirrorUntranslatable{shop-ios}': 2 }],
  ['a push', { kind: 'pushed', tokens: 4, lagMs: 120, requests: 'r1' }, { 'MirrorLagMs{shop-ios}': 120 }, 'mirror'],
  [
    'converged tokens with a removal',
    { kind: 'converged', tokens: 4, afterMs: 61_000, exposedMs: 300 },
    { 'MirrorConverged{shop-ios}': 4, 'MirrorConvergedMs{shop-ios}': 61_000, 'MirrorExposedMs{shop-ios}': 300 },
    'verify',
  ],
  [
    'converged tokens without a removal',
    { kind: 'converged', tokens: 1, afterMs: 61_000 },
    { 'MirrorConverged{shop-ios}': 1, 'MirrorConvergedMs{shop-ios}': 61_000 },
    'verify',
  ],
  [
    'different tokens',
    { kind: 'different', by: 'sweep', tokens: 2, of: 20 },
    { 'MirrorDifferent{shop-ios}{sweep}': 2 },
    'verify',
  ],
])('the log line of %s becomes the metrics of its mirror', (_, note, metrics, onlyIn) => {
  for (const door of ['mirror', 'verify'] as const) {
    const { log, metrics: counted } = logOf(door);
    mirrorLog(log, AppId.parse('shop-ios'))(note);
    expect(counted(), door).toEqual(onlyIn === undefined || onlyIn === door ? metrics : {});
  }
});

test('a secret with an unusable value is counted', async () => {
  const server = await startSecrets(new Map([['secret', { AWSCURRENT: 'not a key' }]]));
  const client = localClient('secretsmanager', server.url);
  const { log, metrics } = logOf('events');
  const keysOf = secretsReader({ client, names: { web: 'secret' }, decode: webhookKey, now: () => 0, log });
  expect((await keysOf('web'))[0]).toBeUndefined();
  await server.stop();
  expect(metrics()).toEqual({ UnusableSecrets: 1 });
});

test('two installations in one account have separate metrics', () => {
  const namespaceOf = ({ template }: typeof dev) => {
    const [filter] = Object.values(template.findResources('AWS::Logs::MetricFilter'));
    return filter?.['Properties'].MetricTransformations[0].MetricNamespace;
  };
  expect(namespaceOf(unmirrored)).not.toBe(namespaceOf(synthesized({ stage: 'prod' })));
});

test('the dashboard answers from top to bottom: is it safe, is it keeping up, each mirror, what does it cost', () => {
  const mirrors = MIRRORED.apps.map(({ id }) => `## Mirror of ${id}`);
  const stacks = [
    [unmirrored, []],
    [functionUrls, mirrors],
    [dev, mirrors],
  ] as const;
  for (const [{ template }, ofMirrors] of stacks) {
    const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
    const text = JSON.stringify(dashboard?.['Properties'].DashboardBody);
    const places = [
      'Is it safe?',
      'ApproximateNumberOfMessagesVisible',
      'Refused, by reason',
      'Events without an effect, by reason',
      'Is it keeping up?',
      'ApproximateAgeOfOldestMessage',
      'EffectMs',
      ...(template === unmirrored.template ? [] : ['## Phones and senders']),
      ...ofMirrors,
      'What does it cost?',
      'ConsumedWriteCapacityUnits',
    ].map((word) => text.indexOf(word));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(text.match(/## Mirror of/g) ?? []).toHaveLength(ofMirrors.length);
  }
});

test('the pages of docs/operations name only outputs that exist', () => {
  const outputs = [dev, functionUrls, synthesized({ encryption: 'kms' })].flatMap(({ template }) =>
    Object.keys(template.findOutputs('*')),
  );
  /** `Url`, and what ends in a word that outputs end in. */
  const named = [...page.matchAll(/`([A-Z]\w*(?:Url|Name|Arn)|Url)`|OutputKey==`(\w+)`/g)].map(([, a, b]) => a ?? b);
  expect(named).toContain('TableName');
  expect(named.filter((name) => !outputs.includes(`${name}`))).toEqual([]);
});

test('the pages of docs/operations have the numbers that are deployed', () => {
  const { single: _, ...thresholds } = THRESHOLDS;
  const { EVENT_SOURCE, MARKS_QUEUE, OPERATIONS_QUEUE } = settings;
  const { maxConcurrency, logRetentionDays, throttle } = Stage.parse({});
  for (const [name, value] of [
    ...Object.entries({ ...throttle, events: eventsPerS([]) }).map(
      ([route, perS]) => [`throttle.${route}`, perS] as const,
    ),
    ['maxConcurrency', maxConcurrency],
    ['batchSize', EVENT_SOURCE.batchSize],
    ['maxReceiveCount', OPERATIONS_QUEUE.maxReceiveCount],
    ['logRetentionDays', logRetentionDays],
    ['OUTAGE_RECEIVES', MARKS_QUEUE.maxReceiveCount],
    ['MIRROR_EXECUTIONS', MARKS_QUEUE.feed.maxConcurrency],
    ...Object.entries(thresholds),
  ] as const)
    expect(page).toMatch(new RegExp(`\`${name}\` \\(${value}\\)`));
});
