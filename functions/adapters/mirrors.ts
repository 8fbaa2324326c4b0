import { setTimeout } from 'node:timers/promises';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { breaker } from '../core/breaker.ts';
import { type AppId, MIRROR_EXECUTIONS } from '../core/configuration.ts';
import { pace } from '../core/pace.ts';
import { guarded } from '../handlers/guarded.ts';
import type { Hosted } from '../handlers/hosted.ts';
import type { MirrorPorts } from '../handlers/mirror-ports.ts';
import { checksQueue } from './checks-queue.ts';
import type { Table } from './dynamodb-batch-get.ts';
import { dynamodbMirrorStore } from './dynamodb-mirror-store.ts';
import { dynamodbRegistryStore } from './dynamodb-registry-store.ts';
import type { MirrorSite } from './environment.ts';
import { hostedClient } from './hosted-client.ts';
import type { Log } from './log.ts';
import { marksQueue } from './marks-queue.ts';
import { mirrorLog } from './mirror-log.ts';
import { digestUnder, pseudonymKey } from './pseudonym.ts';
import { NEWEST, secretsReader } from './secrets.ts';

export type MirrorsPorts = {
  readonly table: Table;
  readonly queues: SQSClient;
  readonly secrets: SecretsManagerClient;
  readonly pseudonymSecret: string;
  readonly log: Log;
};

/** How long a call to the hosted side may take (ms), from its start to the last byte of the answer. */
const DEADLINE_MS = 5_000;

/** How secrets are read that sign or hash. */
const newest = ({ secrets: client, log }: MirrorsPorts) => ({ client, stages: NEWEST, now: Date.now, log });

/** Every mirror of the environment with its world, by its app. */
export function mirrorsIn(sites: readonly MirrorSite[], ports: MirrorsPorts): ReadonlyMap<AppId, MirrorPorts> {
  const { table, queues, log } = ports;
  const names = { pseudonyms: ports.pseudonymSecret };
  const keysOf = secretsReader({ ...newest(ports), names, decode: pseudonymKey });
  const digest = digestUnder(() => keysOf('pseudonyms'));
  const registry = dynamodbRegistryStore(table);
  const states = dynamodbMirrorStore(table);
  return new Map(
    sites.flatMap((site) => {
      const { mirror, ...app } = site.app;
      if (mirror === undefined) return [];
      const check = checksQueue(queues, site.checks);
      const mark = marksQueue({ client: queues, queueUrl: site.marks, digest });
      const one: MirrorPorts = {
        app: { ...app, mirror },
        registry,
        states,
        hosted: hostedOf(site, ports),
        mark: (marks) => mark(app.id, marks),
        check: (cause, checks, delayS) => check(app.id, cause, checks, delayS),
        now: Date.now,
        note: mirrorLog(log, app.id),
      };
      return [[app.id, one] as const];
    }),
  );
}

/** The hosted side of one app, with a breaker and a share of its rate that no other mirror touches. */
function hostedOf({ app, secret }: MirrorSite, ports: MirrorsPorts): Hosted {
  const { mirror, platform } = app;
  if (mirror === undefined) throw new Error('an app without a mirror has no hosted side');
  const secretsOf = secretsReader({ ...newest(ports), names: { [app.id]: secret }, decode: (text) => text });
  const options = {
    url: mirror.url,
    app: mirror.app,
    dialect: mirror.dialect,
    authentication: mirror.authentication ?? (mirror.dialect === 'tpns' ? 'sign' : 'basic'),
    platform,
    timeoutMs: DEADLINE_MS,
    now: Date.now,
  } as const;
  return guarded({
    hosted: hostedClient(options, async () => (await secretsOf(app.id))[0]),
    breaker: breaker({ now: Date.now, random: Math.random }),
    paceMs: pace(mirror.callsPerS / MIRROR_EXECUTIONS, Date.now),
    pause: (ms) => setTimeout(ms),
    note: mirrorLog(ports.log, app.id),
  });
}
