import { operationsMessage } from '../../functions/aws/queues.ts';
import { applyAll } from '../../functions/core/apply.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { applyMessages } from '../../functions/operations/messages.ts';
import { EVENT_SOURCE } from '../../infra/settings.ts';
import { memoryRegistryStore } from '../../test/memory/registry-store.ts';
import { moved, override, unbindAll } from '../../test/world/examples.ts';
import { median } from '../measure.ts';
import { deviceToken } from '../sample-events.ts';
import type { Table } from './csv.ts';

const MESSAGES = 100_000;
const PHONES = 20_000;
const PART = 10_000;

/**
 * The processor time of a backlog: logins and logouts of 20,000 phones, one a message, which the worker drains in batches
 * as deployed and then gets a second time. The registry is in memory, so that the worker alone takes time. Returns medians
 * of several backlogs: a garbage collection in one of them would show as a hill.
 */
export async function scaleOfBacklog(): Promise<Table> {
  const backlog = messages(Date.now() - MESSAGES);
  const runs: DrainTimes[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await drained(backlog));
  const middle = (of: (run: DrainTimes) => readonly number[], part: number) =>
    median(runs.map((run) => of(run)[part] ?? Number.NaN));
  const rows = PARTS.map((from, part) => [
    from + PART,
    middle(({ first }) => first, part),
    middle(({ again }) => again, part),
  ]);
  return { columns: ['drained', 'first_cpu_us', 'again_cpu_us'], rows };
}

const RUNS = 5;

const PARTS = Array.from({ length: MESSAGES / PART }, (_, i) => i * PART);

/** Processor time a message (µs) in each part, of the first delivery and of the second. */
type DrainTimes = { readonly first: readonly number[]; readonly again: readonly number[] };

/** Drains one backlog into a registry that is empty at first. */
async function drained(backlog: readonly string[]): Promise<DrainTimes> {
  const store = memoryRegistryStore();
  const ports = { store, now: Date.now, pause: async () => {} };
  const drain = async (from: number, to: number): Promise<number> => {
    const before = process.cpuUsage();
    for (let at = from; at < to; at += EVENT_SOURCE.batchSize)
      await applyMessages(
        { apply: (operations) => applyAll(ports, operations), park: never },
        backlog.slice(at, Math.min(at + EVENT_SOURCE.batchSize, to)),
      );
    const { user, system } = process.cpuUsage(before);
    return (user + system) / (to - from);
  };
  await drain(0, PART / 2); // warms up
  const [first, again]: [number[], number[]] = [[], []];
  for (const from of PARTS) first.push(await drain(from, from + PART));
  for (const from of PARTS) again.push(await drain(from, from + PART));
  return { first, again };
}

const never = () => Promise.reject(new Error('bug: a message was parked'));

const messages = (start: number): string[] =>
  Array.from({ length: MESSAGES }, (_, i) => {
    const phone = i % PHONES;
    const round = Math.floor(i / PHONES);
    return operationsMessage({ id: `request-${i}` }, [
      round % 2 === 0 ? login(phone, start + i) : logout(phone, start + i),
    ]);
  });

const login = (phone: number, ms: number): Operation => moved(override(ms, [`account-${phone}`]), deviceToken(phone));

const logout = (phone: number, ms: number): Operation => moved(unbindAll(ms), deviceToken(phone));
