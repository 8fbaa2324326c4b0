import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { type Endpoints, pointAwsAt } from '../local/environment.ts';
import { registryTableInput } from '../local/table-input.ts';
import { startChild } from './child.ts';
import { NO_UNITS, sum, type Units } from './cost-units.ts';

const Urls = z.object({ sqs: z.string(), dynamodb: z.string(), secrets: z.string() });
const Consumed = z.object({ sqsRequests: z.number(), writeUnits: z.number(), readUnits: z.number() });

/** The embedded services, everything that is used of them counted, and the meter of what runs in this process. */
export type Cloud = {
  readonly sqs: SQSClient;
  readonly sqsUrl: string;
  /** Runs a function as one invocation: its processor time and what it logs are counted. */
  readonly invoke: <T>(run: () => Promise<T>) => Promise<T>;
  readonly count: (units: Partial<Units>) => void;
  /** All units since the last time. */
  readonly taken: () => Promise<Units>;
  readonly stop: () => Promise<void>;
};

/** Starts the services and points this process's AWS clients at them. */
export async function startCloud(secrets: Readonly<Record<string, string>>): Promise<Cloud> {
  const child = await startChild('cost-server.ts', [JSON.stringify(secrets)]);
  const urls: Endpoints = Urls.parse(child.said);
  pointAwsAt(urls);
  let counted = NO_UNITS;
  const count = (units: Partial<Units>) => {
    counted = sum(counted, units);
  };
  meterLog(count);
  return {
    sqs: new SQSClient(),
    sqsUrl: urls.sqs,
    count,
    invoke: async (run) => {
      const before = process.cpuUsage();
      const result = await run();
      const { user, system } = process.cpuUsage(before);
      count({ invocations: 1, cpuMs: (user + system) / 1000 });
      return result;
    },
    taken: async () => {
      const units = sum(counted, Consumed.parse(await child.ask('what was consumed')));
      counted = NO_UNITS;
      return units;
    },
    stop: child.stop,
  };
}

/** What CloudWatch adds to every line it takes in, in bytes (AWS's reference of PutLogEvents). */
const LINE_BYTES = 26;

/** Counts a line of a log. */
export const logLine = (text: string): Partial<Units> => ({ logBytes: text.length + LINE_BYTES });

/** Nothing is printed: a line counts as Lambda's JSON format writes it. */
function meterLog(count: (units: Partial<Units>) => void): void {
  const around = { timestamp: new Date().toISOString(), requestId: crypto.randomUUID() };
  const take = (level: string) => (line: object) => count(logLine(JSON.stringify({ ...around, level, ...line })));
  Object.assign(console, { info: take('INFO'), warn: take('WARN') });
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
