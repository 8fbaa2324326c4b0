import type { SQSEvent } from 'aws-lambda';
import { applyDoor } from '../../../functions/aws/apply.ts';
import { NAMES, type Queue } from '../../../local/aws/resources.ts';
import { setVariables } from '../../../local/environment.ts';
import { remainingIn } from '../../../local/lambda/event-source.ts';
import { type Doors, loadDoors } from '../../../local/lambda/invoke.ts';
import { CONFIGURATION, CONTEXT, EVENTS_PATH, posted, SOURCE_SECRET, signed } from '../../installation.ts';
import { type Cloud, createQueue, createTable } from '../cloud.ts';
import type { MixEvent } from '../mix.ts';

/** Deployments by their worker: with the ledger, as it is by default, or without. */
export type ByLedger<T> = Readonly<Record<'recorded' | 'plain', T>>;

/** The deployed functions, their queue and their table, metered. */
export class Functions {
  /** Messages that are sent and not applied yet. */
  waiting = 0;
  readonly queue: Queue;
  readonly #cloud: Cloud;
  readonly #doors: Doors;
  readonly #worker: Doors['apply']['handler'];
  #isLate = false;

  private constructor(cloud: Cloud, queue: Queue, doors: Doors, worker: Doors['apply']['handler']) {
    this.#cloud = cloud;
    this.queue = queue;
    this.#doors = doors;
    this.#worker = worker;
  }

  /** Both workers take from one queue, so one deployment is used at a time. */
  static async deployed(cloud: Cloud): Promise<ByLedger<Functions>> {
    const [operations, parked] = [await createQueue(cloud, 'operations'), await createQueue(cloud, 'parked')];
    await createTable(NAMES.table);
    await createTable(NAMES.history);
    const queues = {
      operations: { url: operations, arn: '' },
      parked: { url: parked, arn: '' },
      mirrors: new Map(),
      sources: new Map(),
    };
    const secrets = { apps: { shop: SOURCE_SECRET }, sources: { app: SOURCE_SECRET }, readers: {} };
    const withWorker = (doors: Doors, worker: Doors['apply']['handler']) =>
      new Functions(cloud, queues.operations, doors, worker);
    setVariables({ ...CONFIGURATION, history: { days: 0 } }, queues, secrets);
    const doors = await loadDoors(CONFIGURATION);
    const plain = withWorker(doors, doors.apply.handler);
    setVariables(CONFIGURATION, queues, secrets);
    return { plain, recorded: withWorker(doors, applyDoor()) };
  }

  /** Sends one request through the events door. */
  async send(events: readonly MixEvent[]): Promise<void> {
    this.waiting++;
    this.#cloud.count({ apiRequests: 1 });
    const text = JSON.stringify(events.length === 1 ? events[0] : events);
    const request = posted(EVENTS_PATH, text, await signed(text, events[0]?.id), crypto.randomUUID());
    const { handler } = this.#doors.http.events;
    const { statusCode, body } = await this.#cloud.invoke(() => handler(request, CONTEXT));
    // 202: the embedded table took longer than the door's second.
    if (statusCode === 202) this.#isLate = true;
    else if (statusCode !== 200) throw new Error(`the events door answered ${statusCode}: ${body}`);
  }

  /** Waits for the work that doors had not finished when they answered. */
  async caughtUp(): Promise<void> {
    if (this.#isLate) await this.#cloud.quiet();
    this.#isLate = false;
  }

  /** Runs the worker on one batch. */
  async apply(event: SQSEvent): Promise<void> {
    const response = await this.#cloud.invoke(() => this.#worker(event, CONTEXT));
    const ids = event.Records.map(({ messageId }) => messageId);
    if (ids.length === 0 || remainingIn(response, ids).length > 0)
      throw new Error('the worker left a message unapplied');
    this.waiting -= ids.length;
  }
}
