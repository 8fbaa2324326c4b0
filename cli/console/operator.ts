import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { awsClient } from '../../functions/aws/client.ts';
import { historyReader } from '../../functions/aws/history-reader.ts';
import { dynamodbSweepStore } from '../../functions/aws/sweep-store.ts';
import type { TokenRef } from '../../functions/core/store.ts';
import type { SweepItem, SweepStore } from '../../functions/sweep/store.ts';
import { NAMES } from '../../local/aws/resources.ts';
import { REGION } from '../../local/aws/servers.ts';
import type { Operator } from '../../local/console/ports.ts';
import type { Depth, Mirrored } from '../../local/console/wire.ts';
import type { Instance } from '../../local/description.ts';
import { UserError } from '../../local/user-error.ts';
import { exitCodeOf } from '../command.ts';
import { dlq } from '../dlq/dlq.ts';
import type { Place } from '../place.ts';
import { timelineOf } from './timeline.ts';

/** Time of one call (ms). */
const CALL_MS = 10_000;

/** Returns the tables and queues of an instance in this process, whose clients must not share the time of its functions. */
export function inProcess({ dynamodb, sqs, url }: Instance): OperatedPlace {
  const place = { region: REGION, endpoint: dynamodb };
  const credentials = () => ({ id: 'local', secret: 'local' });
  const client = awsClient('dynamodb', { place, credentials, remainingMs: () => CALL_MS });
  return {
    registry: { client, name: NAMES.table },
    history: { client, name: NAMES.history },
    sqs: new SQSClient({
      endpoint: sqs,
      region: REGION,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }),
    dlqArguments: ['--port', new URL(url).port],
  };
}

type OperatedPlace = Pick<Place, 'registry' | 'history' | 'sqs'> & { readonly dlqArguments: readonly string[] };

type Operated = {
  readonly place: OperatedPlace;
  readonly apps: Parameters<typeof timelineOf>[1];
  /** The directory in which the instance has left its description. */
  readonly folder: string;
  /** Default: all that there are. */
  readonly queueUrls?: readonly string[];
};

type Tools = Omit<Operator, 'tokens'> & {
  readonly tokens: () => Promise<{ readonly tokens: readonly TokenRef[]; readonly isWhole: boolean }>;
};

/** The tools of an operator for the page. */
export function operatorOf({ place, apps, folder, queueUrls }: Operated): Tools {
  const { registry, history, sqs, dlqArguments } = place;
  const { page } = dynamodbSweepStore(registry);
  const reader = history && historyReader(history, Date.now);
  const run = (...args: string[]) => dlqLines([...args, ...dlqArguments], folder);
  return {
    tokens: async () => {
      const { items, isWhole } = await itemsOf(page);
      const documents = items.filter((item) => item.kind === 'document');
      return { tokens: documents.map(({ ref }) => ref), isWhole };
    },
    ...(reader && { timeline: (question) => timelineOf(reader, apps, question) }),
    queues: async () => {
      const urls = queueUrls ?? (await sqs.send(new ListQueuesCommand())).QueueUrls ?? [];
      const [depths, { items }] = await Promise.all([Promise.all(urls.map((url) => depthOf(sqs, url))), itemsOf(page)]);
      return { depths, mirrors: items.flatMap(mirroredIn) };
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
