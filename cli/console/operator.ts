import { GetQueueAttributesCommand, ListQueuesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { historyReader } from '../../functions/aws/history-reader.ts';
import { dynamodbSweepStore } from '../../functions/aws/sweep-store.ts';
import type { SweepItem, SweepStore } from '../../functions/sweep/store.ts';
import type { Operator } from '../../local/console/ports.ts';
import type { Depth, Mirrored } from '../../local/console/wire.ts';
import { UserError } from '../../local/user-error.ts';
import { exitCodeOf } from '../command.ts';
import { dlq } from '../dlq/dlq.ts';
import type { Place } from '../place.ts';
import { timelineOf } from './timeline.ts';

type Operated = {
  readonly place: Pick<Place, 'instance' | 'registry' | 'history' | 'sqs' | 'operationsUrl' | 'parkedUrl'>;
  readonly apps: Parameters<typeof timelineOf>[1];
  /** The directory in which the instance has left its description. */
  readonly folder: string;
};

/** The tools of an operator for the page. */
export function operatorOf({ place, apps, folder }: Operated): Operator {
  const { instance, registry, history, sqs, operationsUrl, parkedUrl } = place;
  const { page } = dynamodbSweepStore(registry);
  const reader = history && historyReader(history, Date.now);
  const where = instance
    ? ['--port', new URL(instance.url).port]
    : ['--parked-queue', parkedUrl, '--operations-queue', operationsUrl];
  const run = (...args: string[]) => dlqLines([...args, ...where], folder);
  // An operator may read these two queues of a deployment.
  const queueUrls = async () =>
    instance ? ((await sqs.send(new ListQueuesCommand())).QueueUrls ?? []) : [operationsUrl, parkedUrl];
  return {
    tokens: async () => {
      const { items, isWhole } = await itemsOf(page);
      return { tokens: items.flatMap((item) => (item.kind === 'document' ? [item.ref] : [])), isWhole };
    },
    ...(reader && { timeline: (question) => timelineOf(reader, apps, question) }),
    queues: async () => {
      const depths = Promise.all((await queueUrls()).map((url) => depthOf(sqs, url)));
      return { depths: await depths, mirrors: (await itemsOf(page)).items.flatMap(mirroredIn) };
    },
    parked: async () => JSON.parse((await run('list', '--json')).join('\n')).reasons,
    redrive: async (reason, isDry) =>
      run('redrive', ...(reason === undefined ? [] : ['--reason', reason]), ...(isDry ? [] : ['--yes'])),
  };
}

/** The most pages of the table that are read for one question: a thousand items each. */
const MOST_PAGES = 5;

async function itemsOf(page: SweepStore['page']): Promise<{ items: readonly SweepItem[]; isWhole: boolean }> {
  const items: SweepItem[] = [];
  let after: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const read = await page(after);
    items.push(...read.items);
    after = read.next;
    if (after === undefined) return { items, isWhole: true };
  }
  return { items, isWhole: false };
}

async function depthOf(sqs: SQSClient, QueueUrl: string): Promise<Depth> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible, ApproximateNumberOfMessagesDelayed } =
    Attributes;
  return {
    queue: QueueUrl.split('/').at(-1) ?? '',
    waiting: Number(ApproximateNumberOfMessages),
    inFlight: Number(ApproximateNumberOfMessagesNotVisible),
    delayed: Number(ApproximateNumberOfMessagesDelayed),
  };
}

function mirroredIn(item: SweepItem): Mirrored[] {
  if (item.kind !== 'state') return [];
  const { pushed, misses, pushedMs, changedMs, dropped } = item.stored.state;
  const { app, token } = item.ref;
  return [{ app, token, pushed: pushed ?? null, misses, pushedMs, waiting: changedMs !== undefined, dropped }];
}

/** Runs the command `dlq` in this process. Throws its error. */
async function dlqLines(args: readonly string[], folder: string): Promise<string[]> {
  const [lines, errors]: [string[], string[]] = [[], []];
  const code = await exitCodeOf(dlq(0), {
    args,
    environment: {},
    folder,
    print: (text) => lines.push(text),
    warn: (text) => errors.push(text),
    interrupt: () => AbortSignal.timeout(60_000),
  });
  if (code !== 0) throw new UserError(errors.at(-1) ?? 'dlq failed');
  return lines;
}
