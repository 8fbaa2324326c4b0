import { setTimeout } from 'node:timers/promises';
import { SQSClient } from '@aws-sdk/client-sqs';
import { type AccountApiClient, accountApiClient } from '../account-api/client.ts';
import type { AccountApiClientOptions } from '../account-api/transport.ts';
import { type AppId, MIRROR_EXECUTIONS } from '../core/configuration.ts';
import { orUnavailable } from '../core/outcome.ts';
import { MirrorEnvironment, readEnvironment } from '../lambda/environment.ts';
import { type Line, type Log, log } from '../lambda/log.ts';
import type { Delivery, MessageResult } from '../lambda/message.ts';
import { sqsDoor } from '../lambda/sqs.ts';
import { breaker, guarded, type Hosted, pace } from '../mirror/hosted.ts';
import type { MirrorNote, MirrorPorts } from '../mirror/ports.ts';
import { awsClient } from './client.ts';
import { dynamodbMirrorStore } from './mirror-store.ts';
import { checksQueue, marksQueue, postponeIn } from './queues.ts';
import { dynamodbRegistryStore, tableNamed } from './registry-store.ts';
import { SDK_CLIENT } from './sdk.ts';
import { NEWEST, pseudonymDigest, type SecretsClient, secretsReader } from './secrets.ts';

/** How long a call to the hosted API may take (ms), from its start to the last byte of the answer. */
const DEADLINE_MS = 5_000;

type MirrorWork = (
  mirrors: ReadonlyMap<AppId, MirrorPorts>,
  deliveries: readonly Delivery[],
) => Promise<MessageResult[]>;

/** The door of a worker on one kind of the mirrors' queues: reads its environment and connects every mirror in it. */
export function mirrorDoor(stage: 'mirror' | 'verify', queue: 'marks' | 'checks', work: MirrorWork) {
  const { MIRRORS, REGISTRY_TABLE, PSEUDONYM_SECRET } = readEnvironment(MirrorEnvironment);
  const client = new SQSClient(SDK_CLIENT);
  const secrets = awsClient('secretsmanager');
  const digest = pseudonymDigest(secrets, PSEUDONYM_SECRET, log);
  const table = tableNamed(REGISTRY_TABLE);
  const stores = { registry: dynamodbRegistryStore(table), states: dynamodbMirrorStore(table) };
  const mirrors = new Map<AppId, MirrorPorts>();
  for (const { app: configured, marks, checks, secret } of MIRRORS) {
    if (configured.mirror === undefined) continue;
    const app = { ...configured, mirror: configured.mirror };
    const mark = marksQueue({ client, queueUrl: marks, digest });
    const check = checksQueue(client, checks);
    mirrors.set(app.id, {
      ...stores,
      app,
      hosted: hostedOf(app, secret, secrets),
      mark: (marks) => mark(app.id, marks),
      check: (cause, checks, delayS) => check(app.id, cause, checks, delayS),
      now: Date.now,
      note: mirrorLog(log, app.id),
    });
  }
  const postpone = postponeIn(
    client,
    MIRRORS.map((site) => site[queue]),
  );
  return sqsDoor({ stage, settle: (deliveries) => work(mirrors, deliveries), postpone, log });
}

/** The hosted API of one app, with a breaker and a rate of its own. */
function hostedOf({ id, mirror, platform }: MirrorPorts['app'], secret: string, client: SecretsClient): Hosted {
  const names = { [id]: secret };
  const secretsOf = secretsReader({ client, names, stages: NEWEST, decode: (text) => text.trim(), now: Date.now, log });
  const { url, app, dialect, authentication = dialect === 'tpns' ? 'sign' : 'basic' } = mirror;
  const options = { url, app, dialect, authentication, platform, timeoutMs: DEADLINE_MS, now: Date.now };
  return guarded({
    hosted: hostedClient(options, async () => (await secretsOf(id))[0]),
    breaker: breaker({ now: Date.now, random: Math.random }),
    paceMs: pace(mirror.callsPerS / MIRROR_EXECUTIONS, Date.now),
    pause: (ms) => setTimeout(ms),
    note: mirrorLog(log, id),
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
