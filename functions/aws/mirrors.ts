import { setTimeout } from 'node:timers/promises';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { type AccountApiClient, accountApiClient } from '../account-api/client.ts';
import type { AccountApiClientOptions } from '../account-api/transport.ts';
import { type AppId, MIRROR_EXECUTIONS } from '../core/configuration.ts';
import { orUnavailable } from '../core/outcome.ts';
import { MirrorEnvironment, type MirrorSite, readEnvironment } from '../lambda/environment.ts';
import { type Line, type Log, log } from '../lambda/log.ts';
import type { Delivery, MessageResult } from '../lambda/message.ts';
import { sqsDoor } from '../lambda/sqs.ts';
import { breaker, guarded, type Hosted, pace } from '../mirror/hosted.ts';
import type { MirrorNote, MirrorPorts } from '../mirror/ports.ts';
import { CLIENT } from './client.ts';
import type { Table } from './dynamodb.ts';
import { dynamodbMirrorStore } from './mirror-store.ts';
import { checksQueue, marksQueue, postponeIn } from './queues.ts';
import { dynamodbRegistryStore, tableNamed } from './registry-store.ts';
import { NEWEST, pseudonymDigest, secretsReader } from './secrets.ts';

type MirrorsPorts = {
  readonly table: Table;
  readonly queues: SQSClient;
  readonly secrets: SecretsManagerClient;
  readonly pseudonymSecret: string;
  readonly log: Log;
};

/** How long a call to the hosted API may take (ms), from its start to the last byte of the answer. */
const DEADLINE_MS = 5_000;

/** Ports of secrets that sign or hash: their current version only. */
const newest = ({ secrets: client, log }: MirrorsPorts) => ({ client, stages: NEWEST, now: Date.now, log });

type MirrorWork = (
  mirrors: ReadonlyMap<AppId, MirrorPorts>,
  deliveries: readonly Delivery[],
) => Promise<MessageResult[]>;

/** The door of a worker on one kind of the mirrors' queues: reads its environment and connects every mirror in it. */
export function mirrorDoor(stage: 'mirror' | 'verify', queue: 'marks' | 'checks', work: MirrorWork) {
  const { MIRRORS, REGISTRY_TABLE, PSEUDONYM_SECRET } = readEnvironment(MirrorEnvironment);
  const client = new SQSClient(CLIENT);
  const mirrors = mirrorsIn(MIRRORS, {
    table: tableNamed(REGISTRY_TABLE),
    queues: client,
    secrets: new SecretsManagerClient(CLIENT),
    pseudonymSecret: PSEUDONYM_SECRET,
    log,
  });
  const postpone = postponeIn(
    client,
    MIRRORS.map((site) => site[queue]),
  );
  return sqsDoor({ stage, settle: (deliveries) => work(mirrors, deliveries), postpone, log });
}

/** Connects every mirror of the environment to its stores, queues and hosted API, by app. */
function mirrorsIn(sites: readonly MirrorSite[], ports: MirrorsPorts): ReadonlyMap<AppId, MirrorPorts> {
  const { table, queues, log } = ports;
  const digest = pseudonymDigest(ports.secrets, ports.pseudonymSecret, log);
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

/** The hosted API of one app, with a breaker and a rate of its own. */
function hostedOf({ app, secret }: MirrorSite, ports: MirrorsPorts): Hosted {
  const { mirror, platform } = app;
  if (mirror === undefined) throw new Error(`bug: app ${app.id} has no mirror`);
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

/** Logs each note of a mirror as one line, such as `mirror.pushed`, with its app. */
export const mirrorLog =
  (log: Log, app: AppId) =>
  (note: MirrorNote): void => {
    const { kind, ...fields } = note;
    const line: Line = Object.fromEntries(Object.entries(fields).map(([name, value]) => [snake(name), value]));
    log(levelOf(note), `mirror.${kind}`, { app, ...line });
  };

/** Field names of log lines are in snake case. */
const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function levelOf(note: MirrorNote): Parameters<Log>[0] {
  if (note.kind === 'breaker') return note.state === 'stopped' ? 'error' : 'warn';
  return ['dropped', 'untranslatable', 'different'].includes(note.kind) ? 'warn' : 'info';
}

/**
 * A hosted Account API whose secret is read before each call, so that a new one is used at once. Without a secret the API
 * is unavailable.
 */
export function hostedClient(
  options: Omit<AccountApiClientOptions, 'secret'>,
  secretOf: () => Promise<string | undefined>,
): Hosted {
  let known: { secret: string; client: AccountApiClient } | undefined;
  const clientWith = (secret: string): AccountApiClient => {
    if (known?.secret !== secret) {
      void known?.client.close();
      known = { secret, client: accountApiClient({ ...options, secret }) };
    }
    return known.client;
  };
  const client = async () => {
    const secret = await orUnavailable(async () => ({ text: await secretOf() }));
    if ('kind' in secret) return { kind: 'unavailable', reason: secret.reason } as const;
    if (secret.text === undefined) return { kind: 'unavailable', reason: 'no secret' } as const;
    return clientWith(secret.text);
  };
  return {
    operate: async (request) => {
      const found = await client();
      return 'kind' in found ? found : found.operate(request);
    },
    accountsOf: async (tokens) => {
      const found = await client();
      return 'kind' in found ? found : found.accountsOf(tokens);
    },
  };
}
