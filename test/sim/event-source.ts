import type { SQSRecord } from 'aws-lambda';
import { born, type Process, type Surroundings } from './network.ts';
import type { Queue, Receipt } from './queue.ts';

type EventSourceOptions = {
  readonly queue: Pick<Queue, 'receive' | 'delete'>;
  readonly batchSize: number;
  readonly maxConcurrency: number;
  /** How long the function may take (ms). */
  readonly timeoutMs: number;
  readonly invoke: (process: Process, records: SQSRecord[]) => Promise<unknown>;
};

/**
 * Lambda's event source mapping of an SQS queue with ReportBatchItemFailures. A batch that fails as a whole, by an
 * error, a timeout, a dead process or an answer that names no known message, stays; of others only what is not named is
 * deleted. Lambda never shortens a visibility timeout.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function eventSource(surroundings: Surroundings, options: EventSourceOptions): { look: () => void } {
  const { timeline, random, faults } = surroundings;
  const { queue } = options;
  let running = 0;

  const look = () => {
    if (running >= options.maxConcurrency) return;
    const batch = queue.receive(1 + random.below(options.batchSize), faults.strike('queue delivers twice'));
    if (batch.length === 0) return;
    running++;
    void run(batch).finally(() => {
      running--;
      look();
    });
    look();
  };

  const run = async (batch: readonly Receipt[]) => {
    if (faults.strike('event source throttles')) return;
    if (faults.strike('queue delivers late')) await timeline.sleep(random.logUniform(1_000, 120_000));
    const failed = await failures(batch);
    for (const received of batch)
      if (!failed.has(received.message.id) && !faults.strike('queue forgets a delete')) queue.delete(received);
  };

  /** Returns the ids of the messages that stay. */
  const failures = async (batch: readonly Receipt[]): Promise<Set<string>> => {
    const all = new Set(batch.map(({ message }) => message.id));
    const process = born();
    timeline.after(options.timeoutMs, process.die);
    // Of a queue that two versions write, a worker cannot read all messages, or some.
    const isOther = faults.strike('worker is of another version');
    const share = random.pick([1, 0.5]);
    const records = batch.map((received) => recordOf(received, isOther && random.chance(share)));
    try {
      const answer = await Promise.race([options.invoke(process, records), process.death]);
      return answer === 'dead' ? all : failuresIn(answer, all);
    } catch {
      return all;
    }
  };

  return { look };
}

function failuresIn(answer: unknown, all: Set<string>): Set<string> {
  // No answer, or one without failures, is a success.
  if (answer === undefined || answer === null || typeof answer !== 'object') return new Set();
  const listed: unknown = Reflect.get(answer, 'batchItemFailures') ?? [];
  if (!Array.isArray(listed)) return all;
  const ids = listed.map((failure: unknown): unknown =>
    typeof failure === 'object' && failure !== null ? Reflect.get(failure, 'itemIdentifier') : undefined,
  );
  const named = ids.filter((id): id is string => typeof id === 'string' && all.has(id));
  return named.length === ids.length ? new Set(named) : all;
}

export const recordOf = ({ message, handle, receives }: Receipt, isOtherVersion: boolean): SQSRecord => ({
  messageId: message.id,
  receiptHandle: handle,
  // To a worker of another version, a message of ours is one of its future: it cannot read it.
  body: isOtherVersion ? message.body.replace(/"v":\d/, '"v":9') : message.body,
  attributes: {
    ApproximateReceiveCount: String(receives),
    SentTimestamp: '0',
    SenderId: 'sender',
    ApproximateFirstReceiveTimestamp: '0',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-west-1:000000000000:operations',
  awsRegion: 'eu-west-1',
});
