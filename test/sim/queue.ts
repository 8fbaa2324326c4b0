import type { Random } from './random.ts';

/** A message that the queue holds, held before, or set aside. Times in ms. */
type Message = {
  readonly id: string;
  readonly body: string;
  /** Of a FIFO queue: while one message of a group is out, no other of the group is delivered. */
  readonly group?: string | undefined;
  /** How often it was received since it came into the queue. */
  receives: number;
  visibleAt: number;
  /** Of the newest receive: only that one deletes it or hides it longer. */
  handle: string;
  place: 'queue' | 'dead letters' | 'deleted';
};

export type Receipt = { readonly message: Message; readonly handle: string; readonly receives: number };

export type Queue = {
  /** Everything that was ever sent, whatever became of it. */
  readonly sent: readonly Message[];
  /** `delayMs`: after which it is first visible. */
  readonly send: (body: string, delayMs?: number, group?: string) => void;
  /**
   * Up to `most` visible messages, those of a group in order, otherwise in none. `isShared`: they stay visible to others all
   * the same.
   */
  readonly receive: (most: number, isShared: boolean) => Receipt[];
  readonly delete: (received: Receipt) => void;
  /** Makes a received message visible again after that time. */
  readonly hide: (handle: string, ms: number) => void;
  /** Moves all dead letters back, as new arrivals. */
  readonly redrive: () => void;
  /** When that last happened (ms). */
  readonly redrivenAt: () => number;
};

export type QueueOptions = {
  /** Prefix of its handles, so that they differ from another queue's. Default: none. */
  readonly name?: string;
  readonly now: () => number;
  readonly random: Random;
  readonly visibilityMs: number;
  readonly maxReceiveCount: number;
  /** Called whenever a message is, or after that time will be, visible. */
  readonly onVisible: (inMs: number) => void;
  /** Called whenever a message is set aside. */
  readonly onDeadLetter: () => void;
};

/**
 * An SQS queue: at least once, with a visibility timeout, a receive count and dead letters. Messages without a group are
 * those of a standard queue.
 */
export function queue(options: QueueOptions): Queue {
  const { name = '', now, random, visibilityMs, maxReceiveCount, onVisible, onDeadLetter } = options;
  const sent: Message[] = [];
  let handles = 0;
  let redrivenAt = 0;
  const isVisible = (message: Message) => message.place === 'queue' && message.visibleAt <= now();
  const isOut = (message: Message) =>
    message.group !== undefined && message.place === 'queue' && message.visibleAt > now();

  const take = (message: Message, isShared: boolean): Receipt[] => {
    // A message that has been received as often as allowed is set aside when it would be received once more.
    if (message.receives >= maxReceiveCount) {
      message.place = 'dead letters';
      onDeadLetter();
      // Messages behind it in its group can be delivered again.
      if (message.group !== undefined) onVisible(0);
      return [];
    }
    message.receives++;
    message.handle = `${name}handle-${++handles}`;
    message.visibleAt = isShared ? now() : now() + visibilityMs;
    onVisible(message.visibleAt - now());
    return [{ message, handle: message.handle, receives: message.receives }];
  };

  return {
    sent,
    send: (body, delayMs = 0, group) => {
      refuseWhatSqsWould(body);
      const visibleAt = now() + delayMs;
      sent.push({ id: `message-${sent.length}`, body, group, receives: 0, visibleAt, handle: '', place: 'queue' });
      onVisible(delayMs);
    },
    receive: (most, isShared) => {
      const locked = new Set(sent.filter(isOut).map(({ group }) => group));
      const visible = sent.filter((message) => isVisible(message) && !locked.has(message.group));
      const some = visible.length > 1 ? inOrder(random, visible).slice(0, most) : visible;
      return some.flatMap((message) => take(message, isShared));
    },
    delete: ({ message, handle }) => {
      // Of two deliveries the older one's handle may be worth nothing any more; then the message comes again.
      if (message.handle === handle && message.place === 'queue') message.place = 'deleted';
    },
    hide: (handle, ms) => {
      const message = sent.find((one) => one.handle === handle && one.place === 'queue');
      if (message === undefined) return;
      message.visibleAt = now() + ms;
      onVisible(ms);
    },
    redrivenAt: () => redrivenAt,
    redrive: () => {
      redrivenAt = now();
      for (const message of sent.filter(({ place }) => place === 'dead letters')) {
        message.place = 'queue';
        message.receives = 0;
        message.visibleAt = now();
      }
      onVisible(0);
    },
  };
}

/** Messages without a group in any order; groups in any order, each with its messages in theirs. */
function inOrder(random: Random, visible: readonly Message[]): Message[] {
  const groups = Map.groupBy(visible, ({ id, group }) => group ?? id);
  return random.shuffled([...groups.values()]).flat();
}

const MIB = 1024 * 1024;

/** SendMessage: 1 byte to 1 MiB, and only the characters of XML 1.0. */
function refuseWhatSqsWould(body: string): void {
  const isAllowed = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]+$/u.test(body);
  if (!isAllowed || new TextEncoder().encode(body).length > MIB) throw new Error('InvalidMessageContents');
}

/** A message on its way into a FIFO queue. */
export type FifoEntry = { readonly body: string; readonly group: string; readonly deduplication: string };

export type FifoQueue = Omit<Queue, 'send'> & { readonly send: (entry: FifoEntry) => void };

/** For how long a second message with the same deduplication id is taken for the first (ms). */
const DEDUPLICATION_MS = 300_000;

/**
 * A FIFO SQS queue: while a message of a group is out, no other of the group is delivered. What is sent again within five
 * minutes is accepted and never delivered, even where the first was deleted long ago.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html
 */
export function fifoQueue(options: QueueOptions): FifoQueue {
  const inner = queue(options);
  const known = new Map<string, number>();
  return {
    ...inner,
    send: ({ body, group, deduplication }) => {
      if ([group, deduplication].some((id) => !/^[!-~]{1,128}$/.test(id))) throw new Error('InvalidParameterValue');
      const at = known.get(deduplication);
      if (at !== undefined && options.now() - at < DEDUPLICATION_MS) return;
      known.set(deduplication, options.now());
      inner.send(body, 0, group);
    },
  };
}
