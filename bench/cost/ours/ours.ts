import { setTimeout } from 'node:timers/promises';
import { operationsFeed } from '../../../infra/settings.ts';
import { eventOf, startEventSource } from '../../../local/lambda/event-source.ts';
import { CONFIGURATION } from '../../installation.ts';
import type { Cloud } from '../cloud.ts';
import { type Deployment, receiveOne, remove } from '../deployment.ts';
import { POLL_S } from '../meter/sqs.ts';
import type { MixEvent } from '../mix.ts';
import { type ByLedger, Functions } from './functions.ts';

/** Bindery's functions in this process. The deployments differ in how the queue feeds the worker. */
export type Ours = {
  /** As deployed: an event source feeds the worker while requests come. */
  readonly fed: Deployment;
  /** The event source starts after the last request, so all messages wait. */
  readonly backlog: Deployment;
  /** Each message is received alone, after its door has answered. */
  readonly alone: Deployment;
  /** Each message is received alone while its door works, as if the queue had no delay. */
  readonly withoutDelay: Deployment;
};

export async function ours(cloud: Cloud): Promise<ByLedger<Ours>> {
  const { recorded, plain } = await Functions.deployed(cloud);
  return { recorded: fedBy(cloud, recorded), plain: fedBy(cloud, plain) };
}

function fedBy(cloud: Cloud, functions: Functions): Ours {
  const send = async (events: readonly MixEvent[]) => {
    await functions.send(events);
    await functions.caughtUp();
  };
  const worker = async () => {
    const messages = await receiveOne(cloud, functions.queue.url);
    await functions.apply(eventOf(messages, ''));
    await remove(cloud, functions.queue.url, messages);
  };
  return {
    fed: fed(cloud, functions),
    backlog: {
      send,
      finish: async () => {
        await setTimeout(VISIBLE_MS);
        await drain(functions, startSource(cloud, functions));
      },
    },
    alone: {
      send,
      finish: async () => {
        while (functions.waiting > 0) await worker();
      },
    },
    withoutDelay: {
      send: async (events) => {
        await Promise.all([send(events), worker()]);
      },
      finish: async () => {},
    },
  };
}

function fed(cloud: Cloud, functions: Functions): Deployment {
  let source: Source | undefined;
  return {
    send: (events) => {
      source ??= startSource(cloud, functions);
      return functions.send(events);
    },
    finish: async () => {
      if (source) await drain(functions, source);
      source = undefined;
    },
  };
}

type Source = ReturnType<typeof startEventSource>;

/** Concurrent receives of a new event source on a standard queue ("Using Lambda with Amazon SQS", polling behavior). */
export const POLLERS = 5;

const startSource = ({ sqs }: Cloud, functions: Functions): Source =>
  startEventSource({
    client: sqs,
    queue: functions.queue,
    invoke: (event) => functions.apply(event),
    numbers: operationsFeed(CONFIGURATION.apps),
    pollers: POLLERS,
  });

async function drain(functions: Functions, source: Source): Promise<void> {
  while (functions.waiting > 0) await setTimeout(CHECK_MS);
  await source.stop();
  await setTimeout(POLLS_OVER_MS);
  await functions.caughtUp();
}

/** The time between two checks for waiting messages (ms). */
const CHECK_MS = 20;

/** The time after which polls that were given up receive no more messages (ms). */
const POLLS_OVER_MS = POLL_S * 1000 + 200;

/** The time after which every message can be received (ms): doors delay messages by a second. */
const VISIBLE_MS = 1_100;
