import { SQSClient } from '@aws-sdk/client-sqs';
import { AT_ONCE, inParallel } from '../core/parallel.ts';
import { intake } from '../events/intake.ts';
import { openSources, type SourceKind } from '../events/source.ts';
import { kind as cognito } from '../events/sources/cognito.ts';
import { kind as eventbridge } from '../events/sources/eventbridge.ts';
import { kind as sqs } from '../events/sources/sqs.ts';
import { IntakeEnvironment, readEnvironment } from '../lambda/environment.ts';
import { log } from '../lambda/log.ts';
import { sqsDoor } from '../lambda/sqs.ts';
import { acceptInto, nameIn, parkedQueue, postponeIn } from './queues.ts';
import { dynamodbRegistryStore, READS, registryIn, tableNamed } from './registry-store.ts';
import { SDK_CLIENT } from './sdk.ts';

const KINDS: Readonly<Record<string, SourceKind>> = { sqs, eventbridge, cognito };

/** The worker of the queues of sources, as the environment of its function describes it. */
export function intakeDoor() {
  const { BINDERY_CONFIG, SOURCE_QUEUES, ...environment } = readEnvironment(IntakeEnvironment);
  const client = new SQSClient(SDK_CLIENT);
  const table = tableNamed(environment.REGISTRY_TABLE);
  const own = BINDERY_CONFIG.sources.filter(({ id }) => Object.hasOwn(SOURCE_QUEUES, id));
  const sources = openSources({ ...BINDERY_CONFIG, sources: own }, kindNamed, { fetch, now: Date.now });
  const queues = Object.entries(SOURCE_QUEUES);
  const byQueue = new Map(queues.map(([source, { queue }]) => [nameIn(queue), sources.get(source)]));
  const take = intake({
    sourceOf: (queue) => byQueue.get(queue),
    accept: acceptInto(environment.OPERATIONS_QUEUE_URL, registryIn(table, READS.events)),
    store: dynamodbRegistryStore(table),
    now: Date.now,
    park: (source, body, reason) => parkedQueue(client, SOURCE_QUEUES[source]?.dead ?? '')(body, reason),
  });
  return sqsDoor({
    stage: 'intake',
    settle: (deliveries) => inParallel(deliveries, AT_ONCE, take),
    postpone: postponeIn(
      client,
      queues.map(([, { queue }]) => queue),
    ),
    log,
  });
}

function kindNamed(name: string): SourceKind {
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind === undefined) throw new Error(`bug: a queue of a source of kind "${name}"`);
  return kind;
}
