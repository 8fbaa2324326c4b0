import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { AppId } from '../core/configuration.ts';
import {
  type AccountMark,
  type Applied,
  type Marks,
  type MarksMessage,
  marksOf,
  type TokenMark,
} from '../core/mirror-mark.ts';
import { Unavailable } from '../core/outcome.ts';
import type { Mirrors } from '../handlers/apply.ts';
import { asking } from './aws.ts';
import { ascii } from './operations-queue.ts';

export type MarksQueuePorts = {
  readonly client: SQSClient;
  readonly queueUrl: string;
  /** A keyed digest in hexadecimal: group and deduplication ids are metadata, which nobody encrypts. */
  readonly digest: () => Promise<(text: string) => string>;
};

/**
 * Groups of a mirror's queue. All marks of a token are in one, so that one worker at a time tells the hosted side about
 * it; few groups let many tokens travel in one message, and one call.
 */
const GROUPS = 16;

/** Marks in one message: what one call takes. */
const MARKS_A_MESSAGE = 20;

/** Messages SQS takes at once. */
const MESSAGES_A_REQUEST = 10;

/** Puts marks of an app on its mirror's queue; resolves when all are held. */
export const marksQueue =
  ({ client, queueUrl, digest }: MarksQueuePorts) =>
  async (app: AppId, marks: Marks): Promise<void> => {
    const hash = await digest();
    const entries = packed(app, marks, hash);
    const sending: Promise<void>[] = [];
    for (let start = 0; start < entries.length; start += MESSAGES_A_REQUEST)
      sending.push(send(client, queueUrl, entries.slice(start, start + MESSAGES_A_REQUEST)));
    await Promise.all(sending);
  };

/** What `apply` tells the mirrors: marks of each app on that app's own queue. */
export const mirrorMarks = ({
  client,
  queueUrls,
  digest,
}: Omit<MarksQueuePorts, 'queueUrl'> & { readonly queueUrls: Readonly<Record<AppId, string>> }): Mirrors => {
  const queues = new Map(
    Object.entries(queueUrls).map(([app, queueUrl]) => [AppId.parse(app), marksQueue({ client, queueUrl, digest })]),
  );
  const mark = async (applied: readonly Applied[]) => {
    const byApp = Map.groupBy(applied, ({ operation }) => operation.app);
    await Promise.all([...byApp].map(([app, own]) => queues.get(app)?.(app, marksOf(own))));
  };
  return { apps: new Set(queues.keys()), mark };
};

type Entry = { readonly group: string; readonly deduplication: string; readonly body: string };

function packed(app: AppId, { tokens, accounts }: Marks, hash: (text: string) => string): Entry[] {
  const groupOf = (name: string) => `${Number.parseInt(hash(name).slice(0, 8), 16) % GROUPS}`;
  const entry = (group: string, marks: { tokens?: TokenMark[]; accounts?: AccountMark[] }): Entry => {
    const body = ascii({ v: 1, app, tokens: [], accounts: [], ...marks } satisfies MarksMessage);
    // The same marks twice are a repeated delivery of what caused them: whatever they say has been done by then.
    return { group, body, deduplication: hash(body) };
  };
  const byGroup = Map.groupBy(tokens, ({ token }) => groupOf(token));
  return [
    ...[...byGroup].flatMap(([group, own]) => chunked(own).map((chunk) => entry(group, { tokens: chunk }))),
    ...accounts.map((mark) => entry(groupOf(JSON.stringify(mark.account)), { accounts: [mark] })),
  ];
}

const chunked = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / MARKS_A_MESSAGE) }, (_, i) =>
    items.slice(i * MARKS_A_MESSAGE, (i + 1) * MARKS_A_MESSAGE),
  );

async function send(client: SQSClient, QueueUrl: string, entries: readonly Entry[]): Promise<void> {
  const Entries = entries.map(({ group, deduplication, body }, i) => ({
    Id: `${i}`,
    MessageGroupId: group,
    MessageDeduplicationId: deduplication,
    MessageBody: body,
  }));
  const { Failed = [] } = await asking(() => client.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
  if (Failed.length > 0) throw new Unavailable(Failed[0]?.Code ?? 'not sent');
}
