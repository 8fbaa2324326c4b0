import { FUTURE_MS } from '../../functions/core/time.ts';
import { signedHeaders } from '../world/signer.ts';
import { BEGINNING_MS, textOf } from './cast.ts';
import { bugTo } from './finding.ts';
import type { Caller, DoorAnswer } from './gateway.ts';
import { eventOf } from './moves.ts';
import type { Surroundings } from './network.ts';
import { judgeEvents } from './outcomes.ts';
import { type Backend, drawEvent, type SentEvent } from './people.ts';
import type { Queue } from './queue.ts';
import { SOURCE_KEY } from './scene.ts';

/** A sender of events. `patienceMs`: its longest wait between two attempts. */
export type Outbox = Caller & { readonly patienceMs: number };

/** Sends a message at each of those times (ms), each on its own, at once or late. */
export async function sendAll(outbox: Outbox, times: readonly number[], drawn: (i: number) => readonly SentEvent[]) {
  const sending: Promise<void>[] = [];
  for (const [i, at] of times.entries()) {
    await outbox.timeline.sleep(at - outbox.timeline.now());
    sending.push(post(outbox, `message-${i}`, drawn(i)));
  }
  await Promise.all(sending);
}

/** How far the clocks of the backend's two machines are from the time (ms): often about as far ahead as a login may be. */
export const skewsOf = ({ random, faults }: Surroundings): number[] =>
  [0, 1].map(() => {
    if (![1, 2, 3, 4].some(() => faults.strike('clocks differ'))) return 0;
    const around = random.chance(0.4) ? FUTURE_MS : 0;
    return around + (random.next() - 0.5) * random.pick([100, 2_000, 20_000]);
  });

/** Returns one or two events, for one message. `ms` is when, by the backend's clock. */
export const drawEvents = (backend: Backend, ms: number, message: number): SentEvent[] =>
  Array.from({ length: backend.random.chance(0.2) ? 2 : 1 }, (_, i) =>
    drawEvent(backend, ms + i, `event-${message}-${i}`),
  );

/**
 * Sends a message until it is accepted, with the same id and body and a new signature each time, as Standard Webhooks
 * says. Gives up on a bind whose time cannot be. Resolves when there is no more to do.
 */
export async function post(outbox: Outbox, messageId: string, events: readonly SentEvent[]): Promise<void> {
  const { timeline, random, call, ledger, onFinding } = outbox;
  const json = events.map(({ json }) => json);
  const body = JSON.stringify(json.length === 1 ? json[0] : json);
  const expected = events.flatMap((event) => event.expected);
  for (;;) {
    const answer = await call(
      { door: 'events', path: '/events/backend', headers: () => signed(outbox, messageId, body), body },
      {
        onRequest: (requestId) => ledger.expect(requestId, expected, timeline.now()),
        onAnswer: (answer) => {
          if (answer.status === 200 || answer.status === 202) judgeAccepted(outbox, answer, events);
        },
      },
    );
    const status = answer?.status ?? 0;
    if (status === 200 || status === 202 || status === 422) return;
    if (![0, 401, 502, 503].includes(status)) onFinding('a valid event is accepted', `${status} ${answer?.body}`);
    await timeline.sleep(random.logUniform(200, outbox.patienceMs));
  }
}

function judgeAccepted(outbox: Outbox, answer: DoorAnswer, events: readonly SentEvent[]): void {
  const { ledger, onFinding, deployment } = outbox;
  const deeds = ledger.deedsOf(answer.requestId);
  const sizes = [...Map.groupBy(deeds, ({ operation }) => eventOf(operation)).values()].map(({ length }) => length);
  if (sizes.length !== events.length)
    onFinding(
      'O5 what was accepted is on the queue',
      `${answer.status} for ${events.length} events, ${sizes.length} of them on the queue`,
    );
  const outlived = answer.sawStoreFail ? [] : ledger.outlived(answer.requestId);
  if (outlived.length > 0)
    onFinding('a removal from the future is later than what was accepted', outlived.map(textOf).join());
  judgeEvents({ ...answer, ledger, onFinding, ...deployment }, { ...answer, sizes }, deeds);
}

function signed({ timeline }: Outbox, id: string, body: string): Record<string, string> {
  return signedHeaders(SOURCE_KEY, { id, body, ms: BEGINNING_MS + timeline.now() });
}

/**
 * Lets everything happen up to then: messages left on the queues are findings. Returns true if all callers have come to
 * their end.
 */
export async function comesToRest(
  { timeline, onFinding }: Pick<Caller, 'timeline' | 'onFinding'>,
  busy: Promise<unknown>,
  queues: Readonly<Record<string, Pick<Queue, 'sent'>>>,
  untilMs?: number,
): Promise<boolean> {
  let isBusy = true;
  busy.catch(bugTo(onFinding)).finally(() => {
    isBusy = false;
  });
  await timeline.run(untilMs);
  if (isBusy) onFinding('O7 everything comes to its end', 'a caller still waits');
  for (const [name, { sent }] of Object.entries(queues)) {
    const left = sent.filter(({ place }) => place !== 'deleted').length;
    if (left > 0) onFinding('O5 nothing accepted is lost or left', `${left} ${name} are still there`);
  }
  return !isBusy;
}
