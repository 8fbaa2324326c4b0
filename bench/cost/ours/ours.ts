import { setTimeout } from 'node:timers/promises';
import { operationsFeed } from '../../../infra/settings.ts';
import { eventOf, startEventSource } from '../../../local/lambda/event-source.ts';
import type { Cloud } from '../cloud.ts';
import { type Deployment, receive, remove } from '../deployment.ts';
import { ASKED_S } from '../meter/sqs.ts';
import type { MixEvent } from '../mix.ts';
import { CONFIGURATION, Functions } from './functions.ts';

export { SECRETS } from './functions.ts';

/** The deployed functions in this process, behind what Lambda's event source mapping asks of the queue. */
export type Ours = {
  /** Fed as it is deployed, while the requests come. */
  readonly fed: Deployment;
  /** The same, but nobody receives before the last request: all messages wait. */
  readonly backlog: Deployment;
  /** Each message received alone, after the doors have answered. */
  readonly alone: Deployment;
  /** Each message received alone while its door works, as it would be if the queue delivered at once. */
  readonly withoutDelay: Deployment;
};

export async function ours(cloud: Cloud): Promise<Ours> {
  const functions = await Functions.deployed(cloud);
  const send = async (events: readonly MixEvent[]) => {
    await functions.door(events);
    await functions.caughtUp();
  };
  const worker = async () => {
    const messages = await receive(cloud, functions.queue.url, 1);
    await functions.apply(eventOf(messages, ''));
    await remove(cloud, functions.queue.url, messages);
  };
  return {
    fed: fed(cloud, functions),
    backlog: {
      send,
      settle: async () => {
        await setTimeout(VISIBLE_MS);
        await drained(functions, started(cloud, functions));
      },
    },
    alone: {
      send,
      settle: async () => {
        while (functions.waiting > 0) await worker();
      },
    },
    withoutDelay: {
      send: async (events) => {
        await Promise.all([send(events), worker()]);
      },
      settle: async () => {},
    },
  };
}

function fed(cloud: Cloud, functions: Functions): Deployment {
  let source: Source | undefined;
  return {
    send: (events) => {
      source ??= started(cloud, functions);
      return functions.door(events);
    },
    settle: async () => {
      if (source) await drained(functions, source);
      source = undefined;
    },
  };
}

type Source = ReturnType<typeof startEventSource>;

/** Receives at once with which Lambda begins on a standard queue ("Using Lambda with Amazon SQS", polling behavior). */
const POLLERS = 5;

const started = ({ sqs }: Cloud, functions: Functions): Source =>
  startEventSource({
    client: sqs,
    queue: functions.queue,
    invoke: (event) => functions.apply(event),
    numbers: operationsFeed(CONFIGURATION.apps),
    pollers: POLLERS,
  });

async function drained(functions: Functions, source: Source): Promise<void> {
  while (functions.waiting > 0) await setTimeout(LOOK_MS);
  await source.stop();
  await setTimeout(GIVEN_UP_MS);
  await functions.caughtUp();
}

/** Between two looks whether anything waits (ms). */
const LOOK_MS = 20;

/** After this time (ms) no receive that was given up can take a message any more. */
const GIVEN_UP_MS = ASKED_S * 1000 + 200;

/** After this time (ms) all that was sent can be received: the doors delay it by a second. */
const VISIBLE_MS = 1_100;
