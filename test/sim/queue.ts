import type { Random } from './random.ts';

/** What the queue holds, ever held, or set aside. Times in ms. */
export type Message = {
  readonly id: string;
  readonly body: string;
  /** How often it was received since it came into the queue. */
  receives: number;
  visibleAt: number;
  /** Of the newest receive: only that one deletes it or hides it longer. */
  handle: string;
  place: 'queue' | 'dead letters' | 'deleted';
};

export type Received = { readonly message: Message; readonly handle: string; readonly receives: number };

export type Queue = {
  /** Everything that was ever sent, whatever became of it. */
  readonly sent: readonly Message[];
  readonly send: (body: string) => void;
  /** Up to `most` visible messages, in no order. `isShared`: they stay visible to others all the same. */
  readonly receive: (most: number, isShared: boolean) => Received[];
  readonly delete: (received: Received) => void;
  /** Makes a received message visible again after that time. */
  readonly hide: (handle: string, ms: number) => void;
  /** Moves all dead letters back, as new arrivals. */
  readonly redrive: () => void;
};

export type QueueOptions = {
  readonly now: () => number;
  readonly random: Random;
  readonly visibilityMs: number;
  readonly maxReceiveCount: number;
  /** Told whenever a message is, or after that time will be, visible. */
  readonly onVisible: (inMs: number) => void;
  /** Told whenever a message is set aside. */
  readonly onDeadLetter: () => void;
};

/** A standard SQS queue: at least once, in no order, with a visibility timeout, a receive count and dead letters. */
export function queue({ now, random, visibilityMs, maxReceiveCount, onVisible, onDeadLetter }: QueueOptions): Queue {
  const sent: Message[] = [];
  let handles = 0;
  const isVisible = (message: Message) => message.place === 'queue' && message.visibleAt <= now();

  const take = (message: Message, isShared: boolean): Received[] => {
    // A message that has been received as often as allowed is set aside when it would be received once more.
    if (message.receives >= maxReceiveCount) {
      message.place = 'dead letters';
      onDeadLetter();
      return [];
    }
    message.receives++;
    message.handle = `handle-${++handles}`;
    message.visibleAt = isShared ? now() : now() + visibilityMs;
    onVisible(message.visibleAt - now());
    return [{ message, handle: message.handle, receives: message.receives }];
  };

  return {
    sent,
    send: (body) => {
      refuseWhatSqsWould(body);
      sent.push({ id: `message-${sent.length}`, body, receives: 0, visibleAt: now(), handle: '', place: 'queue' });
      onVisible(0);
    },
    receive: (most, isShared) => {
      const visible = sent.filter(isVisible);
      const some = visible.length > 1 ? random.shuffled(visible).slice(0, most) : visible;
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
    redrive: () => {
      for (const message of sent.filter(({ place }) => place === 'dead letters')) {
        message.place = 'queue';
        message.receives = 0;
        message.visibleAt = now();
      }
      onVisible(0);
    },
  };
}

const MIB = 1024 * 1024;

/** SendMessage: 1 byte to 1 MiB, and only the characters of XML 1.0. */
function refuseWhatSqsWould(body: string): void {
  const isAllowed = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]+$/u.test(body);
  if (!isAllowed || new TextEncoder().encode(body).length > MIB) throw new Error('InvalidMessageContents');
}
