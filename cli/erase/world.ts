import { setTimeout } from 'node:timers/promises';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { dynamodbMirrorStore } from '../../functions/aws/mirror-store.ts';
import { operationsMessage } from '../../functions/aws/queues.ts';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { callSdk } from '../../functions/aws/sdk.ts';
import { dynamodbSweepStore } from '../../functions/aws/sweep-store.ts';
import type { AppId } from '../../functions/core/configuration.ts';
import type { MirrorStore } from '../../functions/mirror/state.ts';
import { readConfiguration } from '../../infra/configuration.ts';
import { UserError } from '../../local/user-error.ts';
import type { Terminal } from '../command.ts';
import { type Place, placeOf } from '../place.ts';
import { type Found, find, type Subject } from './find.ts';
import { entriesOf, forgetEntries, isRecorded, type NamedEntry } from './ledger.ts';
import type { EraseValues } from './options.ts';
import type { SignOutPorts } from './sign-out.ts';

/** The ports of an erase. */
export type World = SignOutPorts & {
  readonly name: string;
  readonly states: MirrorStore;
  /** The apps to erase from, and those of them that have a mirror. */
  readonly apps: readonly AppId[];
  readonly mirrored: ReadonlySet<AppId>;
  /** Finds all items that name the person. */
  readonly find: () => Promise<{ readonly found: Found; readonly entries: readonly NamedEntry[] }>;
  /** The history; undefined if it is off. */
  readonly ledger:
    | {
        readonly forget: (entries: readonly NamedEntry[]) => Promise<number>;
        readonly isRecorded: (id: string) => Promise<boolean>;
      }
    | undefined;
  /** Says to the user what goes on. */
  readonly progress: (text: string) => void;
};

export async function worldOf(values: EraseValues, terminal: Terminal, subject: Subject): Promise<World> {
  const place = await placeOf(values, terminal);
  const configured = appsOf(place, values.config);
  const unknown = [...(subject.apps ?? [])].find((app) => !configured.some(({ id }) => id === app));
  if (unknown !== undefined) terminal.warn(`${unknown} is no app of the configuration: only what is stored counts`);
  const { registry: table, history, sqs, operationsUrl: QueueUrl } = place;
  const store = dynamodbSweepStore(table);
  const progress = throttled(terminal.warn);
  return {
    name: place.name,
    registry: dynamodbRegistryStore(table),
    states: dynamodbMirrorStore(table),
    apps: configured.map(({ id }) => id).filter((id) => subject.apps?.has(id) ?? true),
    mirrored: new Set(configured.filter(({ isMirrored }) => isMirrored).map(({ id }) => id)),
    enqueue: (origin, operations) => {
      const MessageBody = operationsMessage(origin, operations);
      return callSdk(() => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody })));
    },
    find: async () => ({
      found: await find(store, subject, (scanned) => progress(`${scanned} items read`)),
      entries: history ? await entriesOf(history, subject) : [],
    }),
    ledger: history && {
      forget: (entries) => forgetEntries(history, entries),
      isRecorded: (id) => isRecorded(history, id),
    },
    now: Date.now,
    sleep: setTimeout,
    progress,
  };
}

function appsOf({ instance }: Place, config: string): { readonly id: AppId; readonly isMirrored: boolean }[] {
  if (instance) return instance.apps.map(({ id, mirrored = false }) => ({ id, isMirrored: mirrored }));
  const read = readConfiguration(config);
  if ('problems' in read) throw new UserError(...read.problems);
  return read.configuration.apps.map(({ id, mirror }) => ({ id, isMirrored: mirror !== undefined }));
}

/** Time between two lines of progress, and before the first (ms). */
const PROGRESS_MS = 1_000;

function throttled(warn: (text: string) => void, now = Date.now): (text: string) => void {
  let nextMs = now() + PROGRESS_MS;
  return (text) => {
    if (now() < nextMs) return;
    nextMs = now() + PROGRESS_MS;
    warn(text);
  };
}
