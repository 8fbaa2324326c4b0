import { packed } from '../../functions/aws/queues.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { Operation } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { applyMessages } from '../../functions/operations/messages.ts';
import { EVENT_SOURCE } from '../../infra/settings.ts';
import { memoryRegistryStore } from '../../test/memory/registry-store.ts';
import { median } from '../measure.ts';
import { deviceToken } from '../sample-events.ts';
import type { Table } from './csv.ts';

const MESSAGES = 100_000;
const PHONES = 20_000;
const PART = 10_000;

/**
 * A backlog that the worker drains in its deployed batches: logins and logouts of 20,000 phones, one a message. The
 * registry is in memory, where nothing but the worker itself takes time; then everything is delivered a second time.
 * Medians of several backlogs: a collection of garbage would show as a hill.
 */
export async function scaleOfBacklog(): Promise<Table> {
  const backlog = messages(Date.now() - MESSAGES);
  const runs: Drained[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await drained(backlog));
  const middle = (of: (run: Drained) => readonly number[], part: number) =>
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

/** Processor time a message (µs), of each part in turn. */
type Drained = { readonly first: readonly number[]; readonly again: readonly number[] };

/** One backlog, over a registry that begins empty. */
async function drained(backlog: readonly string[]): Promise<Drained> {
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

const never = () => Promise.reject(new Error('nothing here is refused'));

const messages = (start: number): string[] =>
  Array.from({ length: MESSAGES }, (_, i) => {
    const phone = i % PHONES;
    const round = Math.floor(i / PHONES);
    return packed(`request-${i}`, [round % 2 === 0 ? login(phone, start + i) : logout(phone, start + i)]).join();
  });

const login = (phone: number, ms: number): Operation =>
  Operation.parse({
    kind: 'bindOverriding',
    app: 'shop',
    token: deviceToken(phone),
    accounts: [{ type: 0, id: `account-${phone}` }],
    scope: 'token',
    stamp: stampOf('bindOverriding', ms, eventHash(`${ms}`)),
  });

const logout = (phone: number, ms: number): Operation =>
  Operation.parse({
    kind: 'unbindTokenFromAll',
    app: 'shop',
    token: deviceToken(phone),
    stamp: stampOf('unbindTokenFromAll', ms, eventHash(`${ms}`)),
  });
