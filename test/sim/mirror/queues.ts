import { Buffer } from 'node:buffer';
import { createSecretKey } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { digestWith } from '../../../functions/aws/secrets.ts';
import { asked } from '../deployment.ts';
import type { OnFinding } from '../finding.ts';
import type { Process, Surroundings } from '../network.ts';
import { type FifoEntry, type FifoQueue, fifoQueue, type Queue, type QueueOptions, queue } from '../queue.ts';
import { CANARY } from '../scene.ts';
import { DAY_MS } from '../timeline.ts';

/** Seconds the mirror's functions may take: what one batch may begin, and the last call. */
export const MIRROR_TIMEOUT_S = 30;

const VISIBILITY_MS = 6 * MIRROR_TIMEOUT_S * 1000;

export type MirrorQueues = {
  readonly marks: FifoQueue;
  readonly checks: Queue;
  /** Puts messages on the queue of marks, as a process does it. */
  readonly send: (process: Process, entries: readonly FifoEntry[]) => Promise<void>;
  /** The SQS client of a process: it sends to both queues, and hides what it has received. */
  readonly client: (process: Process) => SQSClient;
};

export const MARKS_URL = 'https://sqs.example/0/marks.fifo';
export const CHECKS_URL = 'https://sqs.example/0/checks';

const KEY = createSecretKey(Buffer.from('the key of the pseudonyms, 32 by', 'utf8'));
export const digest = async () => digestWith(KEY);

/** The requests of the adapters to SQS: to take some messages, or to hide one. */
const Entry = z.object({
  MessageBody: z.string(),
  MessageGroupId: z.string().optional(),
  MessageDeduplicationId: z.string().optional(),
  DelaySeconds: z.int().min(0).max(900).default(0),
});
type Entry = z.infer<typeof Entry>;

const Input = z.union([
  z.object({ QueueUrl: z.string(), Entries: z.array(Entry) }),
  z.object({ ReceiptHandle: z.string() }),
]);

type Options = { readonly look: () => void; readonly onFinding: OnFinding; readonly history: (() => string)[] };

export function mirrorQueues(surroundings: Surroundings, { look, onFinding, history }: Options): MirrorQueues {
  const { timeline, random } = surroundings;
  const options = (name: string, redrive: () => void): QueueOptions => ({
    name,
    now: timeline.now,
    random,
    visibilityMs: VISIBILITY_MS,
    maxReceiveCount: random.pick([6, 1_000]),
    onDeadLetter: () => timeline.after(random.logUniform(60_000, 2 * DAY_MS), redrive),
    onVisible: (inMs) => timeline.after(inMs + random.logUniform(1, 50), look),
  });
  const marks: FifoQueue = fifoQueue(options('marks ', () => marks.redrive()));
  const checks: Queue = queue(options('checks ', () => checks.redrive()));

  const hold = (url: string, { MessageBody: body, DelaySeconds, ...ids }: Entry) => {
    const metadata = { group: ids.MessageGroupId ?? '', deduplication: ids.MessageDeduplicationId ?? '' };
    if (JSON.stringify(metadata).includes(CANARY)) onFinding('O8 no name is in the metadata', metadata.group);
    const at = timeline.now();
    history.push(() => `${at.toFixed(1)} ms: sent, visible in ${DelaySeconds} s: ${body}`);
    if (url === MARKS_URL) marks.send({ body, ...metadata });
    else checks.send(body, DelaySeconds * 1000);
  };
  const take = (input: z.infer<typeof Input>) => {
    if ('ReceiptHandle' in input) hide(input.ReceiptHandle);
    else for (const entry of input.Entries) hold(input.QueueUrl, entry);
  };
  // The wait that the door asks for comes from real chance: this draws its own, which grows as that does.
  const hide = (handle: string) => {
    const message = [...marks.sent, ...checks.sent].find((one) => one.handle === handle);
    const ms = random.next() * Math.min(300, 2 ** (message?.receives ?? 0)) * 1000;
    for (const one of [marks, checks]) one.hide(handle, ms);
  };
  return {
    marks,
    checks,
    send: (process, entries) => asked(surroundings, process, () => entries.forEach(marks.send)),
    client: (process) => {
      const send = async ({ input }: { input: unknown }) => {
        const read = Input.parse(input);
        await asked(surroundings, process, () => take(read));
        return {};
      };
      // The adapters look at nothing of the client but this method, and at nothing of its answers but failures.
      return { send } as unknown as SQSClient;
    },
  };
}
