import { setTimeout } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { registryTableInput } from '../../local/aws/resources.ts';
import { type Endpoints, pointAwsAt } from '../../local/environment.ts';
import { startChild } from '../child.ts';
import { NO_UNITS, sum, type Units } from './units.ts';

const Urls = z.object({ sqs: z.string(), dynamodb: z.string(), secrets: z.string() });
const Consumed = z.object({ sqsRequests: z.number(), writeUnits: z.number(), readUnits: z.number() });

/** The embedded services, everything that is used of them counted, and the meter of what runs in this process. */
export type Cloud = {
  readonly sqs: SQSClient;
  readonly sqsUrl: string;
  /** Runs a function as one invocation: what it logs is counted, and this process's processor time while any runs. */
  readonly invoke: <T>(run: () => Promise<T>) => Promise<T>;
  /** Waits until nothing is asked of the services any more. What that takes is counted, not as an invocation. */
  readonly quiet: () => Promise<void>;
  readonly count: (units: Partial<Units>) => void;
  /** From now on messages are delivered at once, whatever delay they are sent with. */
  readonly deliverAtOnce: () => Promise<void>;
  /** All units since the last time. */
  readonly taken: () => Promise<Units>;
  readonly stop: () => Promise<void>;
};

/** Starts the services and points this process's AWS clients at them. */
export async function startCloud(secrets: Readonly<Record<string, string>>): Promise<Cloud> {
  const child = await startChild('cost/meter/process.ts', [JSON.stringify(secrets)]);
  const urls: Endpoints = Urls.parse(child.ready);
  pointAwsAt(urls);
  let counted = NO_UNITS;
  let running = 0;
  let since = process.cpuUsage();
  const count = (units: Partial<Units>) => {
    counted = sum(counted, units);
  };
  meterLog(count);
  const consumed = async () => Consumed.parse(await child.ask('what was consumed'));
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
        // Of invocations at once no time is counted twice.
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
    taken: async () => {
      const units = sum(counted, await consumed());
      counted = NO_UNITS;
      return units;
    },
    stop: child.stop,
  };
}

/** Longer than the embedded services take for any call (ms). */
const QUIET_MS = 300;

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** What CloudWatch adds to every line it takes in, in bytes (AWS's reference of PutLogEvents). */
const LINE_BYTES = 26;

/** Counts a line of a log. */
export const logLine = (text: string): Partial<Units> => ({ logBytes: text.length + LINE_BYTES });

/** Nothing is printed: a line counts as Lambda's JSON format writes it. */
function meterLog(count: (units: Partial<Units>) => void): void {
  const around = { timestamp: new Date().toISOString(), requestId: crypto.randomUUID() };
  const take = (level: string) => (message: object) => count(logLine(JSON.stringify({ ...around, level, message })));
  Object.assign(console, { info: take('INFO'), warn: take('WARN') });
}

/** What one of `times` runs consumes, whatever was consumed before. */
export async function used(cloud: Cloud, times: number, run: () => Promise<unknown>): Promise<Units> {
  await cloud.taken();
  for (let i = 0; i < times; i++) await cloud.invoke(run);
  const { cpuMs, sqsRequests, writeUnits, readUnits } = await cloud.taken();
  return {
    ...NO_UNITS,
    cpuMs: cpuMs / times,
    sqsRequests: sqsRequests / times,
    writeUnits: writeUnits / times,
    readUnits: readUnits / times,
  };
}

/** A queue's URL behind the proxy. */
export async function createQueue({ sqs, sqsUrl }: Cloud, QueueName: string): Promise<string> {
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName }));
  return `${sqsUrl}${new URL(QueueUrl).pathname}`;
}

/** A table with the registry's keys, `pk` and `sk`: what the naive design needs too. */
export async function createTable(name: string): Promise<void> {
  const client = new DynamoDBClient();
  await client.send(new CreateTableCommand(registryTableInput(name)));
  client.destroy();
}
