import { expect, test } from 'vitest';
import { operationsMessage } from '../../functions/aws/queues.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf } from '../../functions/core/bindings.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { RegistryStore } from '../../functions/core/store.ts';
import { sqsDoor } from '../../functions/lambda/sqs.ts';
import { applyMessages } from '../../functions/operations/messages.ts';
import { EVENT_SOURCE, OPERATIONS_QUEUE, TIMEOUT_S } from '../../infra/settings.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import { CONTEXT } from '../sim/deployment.ts';
import { eventSource } from '../sim/event-source.ts';
import { queue } from '../sim/queue.ts';
import { randomOf } from '../sim/random.ts';
import { timeline } from '../sim/timeline.ts';
import { app, bind, moved, token } from '../world/examples.ts';

const MINUTE_MS = 60_000;

/** The worker and its queue with the deployed numbers, in virtual time. The table is away from minute 1 to minute 11. */
function world() {
  const time = timeline();
  const memory = memoryRegistryStore();
  const store: RegistryStore = {
    ...memory,
    documents: async (refs) => {
      if (time.now() > MINUTE_MS && time.now() < 11 * MINUTE_MS) throw new Unavailable('ThrottlingException');
      return memory.documents(refs);
    },
  };
  const parked: unknown[] = [];
  const park = async (...what: unknown[]) => void parked.push(what);
  const random = randomOf(1);
  const messages = queue({
    now: time.now,
    random,
    visibilityMs: OPERATIONS_QUEUE.visibilityS * 1000,
    maxReceiveCount: OPERATIONS_QUEUE.maxReceiveCount,
    onVisible: (inMs) => time.after(inMs, () => source.look()),
    onDeadLetter: () => parked.push('dead letter'),
  });
  const ports = { store, now: Date.now, pause: time.sleep };
  const door = sqsDoor({
    stage: 'apply',
    settle: (deliveries) =>
      applyMessages(
        { apply: (operations) => applyAll(ports, operations), park },
        deliveries.map(({ body }) => body),
      ),
    postpone: async ({ receiptHandle }, seconds) => messages.hide(receiptHandle, seconds * 1000),
    park,
    log: () => {},
  });
  const source = eventSource(
    { timeline: time, random, faults: { strike: () => false, calm: () => {}, counts: new Map() } },
    {
      queue: messages,
      ...EVENT_SOURCE,
      timeoutMs: TIMEOUT_S.apply * 1000,
      invoke: (_, Records) => door({ Records }, CONTEXT),
    },
  );
  return { time, memory, messages, parked };
}

test('a table that is away for ten minutes under load heals by itself: all is applied, and nothing is parked', async () => {
  const { time, memory, messages, parked } = world();
  const phones = Array.from({ length: 720 }, (_, second) => token(`phone-${second}`));
  for (const [second, phone] of phones.entries())
    time.after(second * 1000, () =>
      messages.send(operationsMessage({ id: phone }, [moved(bind(Date.now(), ['alice']), phone)])),
    );
  await time.run(11 * MINUTE_MS - 1);
  expect(messages.sent.filter(({ place }) => place === 'queue').length).toBeGreaterThan(590);
  await time.run(17 * MINUTE_MS);
  expect([parked, messages.sent.filter(({ place }) => place !== 'deleted')]).toEqual([[], []]);
  const owners = await accountsOf(
    memory,
    phones.map((phone) => ({ app: app().id, token: phone })),
    Date.now(),
  );
  expect(owners.map((accounts) => accounts.map(({ id }) => id))).toEqual(phones.map(() => ['alice']));
});
