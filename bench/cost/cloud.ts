import { setTimeout } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { tableInput } from '../../local/aws/resources.ts';
import { type Endpoints, pointAwsAt } from '../../local/environment.ts';
import { startChild } from '../child.ts';
import { NO_UNITS, sum, type Units } from './units.ts';

const Urls = z.object({ sqs: z.string(), dynamodb: z.string(), secrets: z.string() });
const Consumed = z.object({ sqsRequests: z.number(), writeUnits: z.number(), readUnits: z.number() });

/** The embedded services with their meters, and a meter of the functions that run in this process. */
export type Cloud = {
  readonly sqs: SQSClient;
  readonly sqsUrl: string;
  /** Runs a function as one invocation. Counts its log, and this process's processor time while any function runs. */
  readonly invoke: <T>(run: () => Promise<T>) => Promise<T>;
  /** Waits until the services get no more calls. Counts those calls, but no invocation. */
  readonly quiet: () => Promise<void>;
  readonly count: (units: Partial<Units>) => void;
  /** Makes the queue ignore the delay of messages from now on. */
  readonly deliverAtOnce: () => Promise<void>;
  /** Returns the units since the last time. */
  readonly takeUnits: () => Promise<Units>;
  readonly stop: () => Promise<void>;
};

/** Starts the services and points this process's AWS clients at them. */
export async function startCloud(): Promise<Cloud> {
  const child = await startChild('cost/meter/process.ts');
  const urls: Endpoints = Urls.parse(child.ready);
  pointAwsAt(urls);
  let counted = NO_UNITS;
  let running = 0;
  let since = process.cpuUsage();
  const count = (units: Partial<Units>) => {
    counted = sum(counted, units);
  };
  meterLog(count);
  const consumed = async () => Consumed.parse(await child.ask('units'));
  return {
    sqs: new SQSClient(),
    sqsUrl: urls.sqs,
    count,
    invoke: async (run) => {
      if (running++ === 0) since = process.cpuUsage();
      try {
        return await run();
      } finally {
        count({ invocations: 1 });
        // Counts the time of concurrent invocations once.
        if (--running === 0) count({ cpuMs: cpuMsSince(since) });
      }
    },
    quiet: async () => {
      const before = process.cpuUsage();
      for (let more = await consumed(); more.writeUnits + more.readUnits > 0; more = await consumed()) {
        count(more);
        await setTimeout(QUIET_MS);
      }
      count({ cpuMs: cpuMsSince(before) });
    },
    deliverAtOnce: async () => {
      await child.ask('at once');
    },
    takeUnits: async () => {
      const units = sum(counted, await consumed());
      counted = NO_UNITS;
      return units;
    },
    stop: child.stop,
  };
}

/** Longer than any call of the embedded services takes (ms). */
const QUIET_MS = 300;

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The bytes that CloudWatch adds to every line (AWS's reference of PutLogEvents). */
const LINE_BYTES = 26;

/** The units of one log line. */
export const logLine = (text: string): Partial<Units> => ({ logBytes: text.length + LINE_BYTES });

/** Counts log lines in Lambda's JSON format, and prints none. */
function meterLog(count: (units: Partial<Units>) => void): void {
  const around = { timestamp: new Date().toISOString(), requestId: crypto.randomUUID() };
  const metered = (level: string) => (message: object) => count(logLine(JSON.stringify({ ...around, level, message })));
  Object.assign(console, { info: metered('INFO'), warn: metered('WARN') });
}

/** Returns the mean units of a run of several. */
export async function unitsPerRun(cloud: Cloud, times: number, run: () => Promise<unknown>): Promise<Units> {
  await cloud.takeUnits();
  for (let i = 0; i < times; i++) await cloud.invoke(run);
  const { cpuMs, sqsRequests, writeUnits, readUnits } = await cloud.takeUnits();
  return {
    ...NO_UNITS,
    cpuMs: cpuMs / times,
    sqsRequests: sqsRequests / times,
    writeUnits: writeUnits / times,
    readUnits: readUnits / times,
  };
}

/** Creates a queue. Returns its URL behind the proxy. */
export async function createQueue({ sqs, sqsUrl }: Cloud, QueueName: string): Promise<string> {
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName }));
  return `${sqsUrl}${new URL(QueueUrl).pathname}`;
}

/** Creates a table with the registry's keys, `pk` and `sk`. The naive design uses the same keys. */
export async function createTable(name: string): Promise<void> {
  const client = new DynamoDBClient();
  await client.send(new CreateTableCommand(tableInput(name)));
  client.destroy();
}
