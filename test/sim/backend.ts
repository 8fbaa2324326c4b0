import { createHmac } from 'node:crypto';
import type { Gateway } from './gateway.ts';
import type { Ledger } from './ledger.ts';
import type { Surroundings } from './network.ts';
import type { SentEvent } from './people.ts';
import { SOURCE_KEY } from './scene.ts';

export type Outbox = Surroundings & {
  readonly gateway: Gateway;
  readonly ledger: Ledger;
  /** Milliseconds since 1970 by the backend's clock. */
  readonly clock: () => number;
  /** The longest wait between two attempts (ms). */
  readonly patienceMs: number;
  readonly onFinding: (oracle: string, actual: string) => void;
};

/**
 * Sends a message until it is accepted, with the same id and body and a new signature each time, as Standard Webhooks
 * says. Gives up on a bind whose time cannot be. Resolves when there is no more to do.
 */
export async function post(outbox: Outbox, messageId: string, events: readonly SentEvent[]): Promise<void> {
  const { timeline, random, gateway, ledger, onFinding } = outbox;
  const json = events.map(({ json }) => json);
  const body = JSON.stringify(json.length === 1 ? json[0] : json);
  const expected = events.flatMap((event) => event.expected);
  for (;;) {
    const answer = await gateway.call(
      { door: 'events', path: '/events/backend', headers: () => signed(outbox, messageId, body), body },
      {
        onRequest: (requestId) => ledger.expect(requestId, expected),
        onAnswer: ({ requestId, status, at }) => {
          if (status === 200) ledger.inEffect(requestId, at);
          if ((status === 200 || status === 202) && ledger.operationsOf(requestId).length !== expected.length)
            onFinding(
              'O5 what was accepted is on the queue',
              `${status} for ${expected.length} operations, ${ledger.operationsOf(requestId).length} of them on the queue`,
            );
        },
      },
    );
    const status = answer?.status ?? 0;
    if (status === 200 || status === 202 || status === 422) return;
    if (![0, 401, 502, 503].includes(status)) onFinding('a valid event is accepted', `${status} ${answer?.body}`);
    await timeline.sleep(random.logUniform(200, outbox.patienceMs));
  }
}

function signed({ clock }: Outbox, id: string, body: string): Record<string, string> {
  const timestamp = String(Math.floor(clock() / 1000));
  const digest = createHmac('sha256', SOURCE_KEY).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${digest}` };
}
