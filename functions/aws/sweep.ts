import type { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type * as z from 'zod/mini';
import { AppId } from '../core/configuration.ts';
import { Unavailable } from '../core/outcome.ts';
import type { HistoryVariable } from '../lambda/environment.ts';
import { type Log, logBugs } from '../lambda/log.ts';
import { type SweepPorts, type SweepReport, sweep } from '../sweep/sweep.ts';
import type { Table } from './dynamodb.ts';
import { historyRenewal } from './history-reader.ts';
import { dynamodbMirrorStore } from './mirror-store.ts';
import { checksQueue } from './queues.ts';
import { dynamodbRegistryStore, tableNamed } from './registry-store.ts';
import { dynamodbSweepStore } from './sweep-store.ts';

export type SweepDoorPorts = {
  readonly table: Table;
  readonly queues: SQSClient;
  /** The queue of checks of each app with a mirror. */
  readonly checksQueues: Readonly<Record<AppId, string>>;
  /** Default: no ledger. */
  readonly history?: z.infer<typeof HistoryVariable>;
  readonly log: Log;
};

/** Time that must be left to begin a page (ms): a page of a thousand deletes takes a few seconds. */
const LEAST_MS = 60_000;

/** The door of a timer: sweeps for as long as the function may run, and logs one line with the result. */
export function sweepDoor({ table, queues, checksQueues, history, log }: SweepDoorPorts) {
  const senders = new Map(
    Object.entries(checksQueues).map(([app, queueUrl]) => [AppId.parse(app), checksQueue(queues, queueUrl)]),
  );
  const ports: Omit<SweepPorts, 'hasTime'> = {
    registry: dynamodbRegistryStore(table),
    states: dynamodbMirrorStore(table),
    store: dynamodbSweepStore(table),
    ...(history && {
      history: historyRenewal({ table: tableNamed(history.table), days: history.days, now: Date.now }),
    }),
    mirrored: new Set(senders.keys()),
    check: async (app, checks, delayS) => {
      const send = senders.get(app);
      if (send === undefined) throw new Unavailable('no queue');
      await send(app, 'sweep', checks, delayS);
    },
    now: Date.now,
    chance: Math.random,
  };
  // A sweep watches its time itself: Middy need not.
  return middy({ timeoutEarlyInMillis: 0 })
    .use(logBugs(log))
    .handler(async (_, { getRemainingTimeInMillis }) => {
      const hasTime = () => getRemainingTimeInMillis() > LEAST_MS;
      const { kind, ...counts } = await sweep({ ...ports, hasTime });
      log(levelOf({ kind, ...counts }), 'sweep', { outcome: kind, ...counts });
    });
}

const levelOf = ({ kind, unsent, unreadable }: SweepReport): Parameters<Log>[0] =>
  kind === 'unavailable' || unsent > 0 || unreadable > 0 ? 'warn' : 'info';
