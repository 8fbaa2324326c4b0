import { HORIZON_MS } from '../../functions/core/merge.ts';
import { type Outbox, post } from './backend.ts';
import { BEGINNING_MS } from './cast.ts';
import { ask, type Client, drawQuery, type Known, operate } from './client.ts';
import { CONTEXT, type Deployment, deploy } from './deployment.ts';
import { recordOf } from './event-source.ts';
import { FAULTS, type Fault, swarm } from './faults.ts';
import type { Finding, Run } from './finding.ts';
import { gateway } from './gateway.ts';
import { exposures } from './leaks.ts';
import { type Ledger, ledger } from './ledger.ts';
import { born, type Surroundings } from './network.ts';
import { type Backend, drawEvent } from './people.ts';
import { type Answer, brokenPromise, deedText } from './promises.ts';
import { randomOf } from './random.ts';
import { SCENE } from './scene.ts';
import { pairOf, serial } from './serial.ts';
import { timeline } from './timeline.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long people are busy, and how long a backend may wait before it sends again. */
const PACES = [
  { spanMs: 2_000, patienceMs: 5_000 },
  { spanMs: 10 * MINUTE_MS, patienceMs: 30 * MINUTE_MS },
  { spanMs: 10 * MINUTE_MS, patienceMs: 3 * HOUR_MS },
  { spanMs: 150 * DAY_MS, patienceMs: 10 * DAY_MS },
] as const;

type Case = Surroundings & {
  readonly deployment: Deployment;
  readonly ledger: Ledger;
  readonly client: (app: (typeof SCENE.apps)[number]) => Client;
  readonly outbox: Outbox;
  readonly onFinding: (oracle: string, actual: string, expected?: string) => void;
};

/**
 * One end-to-end case: the real doors and the real worker, with an auth backend, clients of the Account API and readers
 * around them, and everything between them hostile; then calm, until nothing is on its way any more.
 */
export async function endToEndCase(seed: number, only: readonly Fault[] = FAULTS): Promise<Run> {
  const random = randomOf(seed);
  const pace = random.pick(PACES);
  const findings: Omit<Finding, 'seed' | 'trace'>[] = [];
  const onFinding: Case['onFinding'] = (oracle, actual, expected = '') =>
    void findings.push({ oracle, actual, expected });
  const time = timeline();
  const surroundings = { timeline: time, random, faults: swarm(random, only) };
  const book = ledger((oracle, expected, actual) => onFinding(oracle, actual, expected));
  const deployment = deploy(surroundings, { onEnqueued: (message) => book.enqueued(message, time.now()), onFinding });
  const net = gateway(surroundings, deployment);
  const one: Case = {
    ...surroundings,
    deployment,
    ledger: book,
    onFinding,
    client: (app) => ({ ...surroundings, app, gateway: net, ledger: book, onFinding }),
    outbox: {
      ...surroundings,
      gateway: net,
      ledger: book,
      clock: () => BEGINNING_MS + time.now(),
      patienceMs: pace.patienceMs,
      onFinding,
    },
  };
  const busy = [tellEvents(one, pace.spanMs), useClients(one, pace.spanMs), read(one, pace.spanMs)];
  await time.run(pace.spanMs + 5 * MINUTE_MS);
  const isIdle = await rest(one, Promise.all(busy));
  if (isIdle) await atRest(one);
  const { exposedMs, leakedMs, removals } = exposures(deployment.truth, book.deeds(), time.now());
  if (leakedMs > 0) onFinding('O3 nothing removed is true after the answer', `${leakedMs.toFixed(1)} ms`);
  const [first] = findings;
  const trace = first ? [...book.deeds().map(deedText), ...deployment.truth.history.map((line) => line())] : [];
  return {
    finding: first && { seed, ...first, trace },
    faults: surroundings.faults.counts,
    exposure: { exposedMs, leakedMs, removals },
  };
}

/** People sign in and out; the backend tells it in messages of one or two events, each sent on its own, at once or late. */
async function tellEvents(one: Case, spanMs: number): Promise<void> {
  const { timeline, random, faults, outbox } = one;
  const backend: Backend = { random, scene: SCENE, sessions: new Map() };
  // Events of weeks ago belong to other sessions.
  const archive: Backend = { ...backend, sessions: new Map() };
  const skews = [0, 1].map(() =>
    faults.strike('clocks differ') ? (random.next() - 0.5) * random.pick([100, 2_000, 20_000]) : 0,
  );
  const times = Array.from({ length: 3 + random.below(8) }, () => random.next() * spanMs).sort((a, b) => a - b);
  const sending: Promise<void>[] = [];
  for (const [i, at] of times.entries()) {
    await timeline.sleep(at - timeline.now());
    const isOld = spanMs > HORIZON_MS && random.chance(0.1);
    const ageMs = isOld ? HORIZON_MS - random.logUniform(1_000, HOUR_MS) : 0;
    const clock = BEGINNING_MS + timeline.now() + random.pick(skews) - ageMs;
    const events = Array.from({ length: random.chance(0.2) ? 2 : 1 }, (_, j) =>
      drawEvent(isOld ? archive : backend, clock + j, `event-${i}-${j}`),
    );
    sending.push(post(outbox, `message-${i}`, events));
  }
  await Promise.all(sending);
}

/** Up to two clients, each of one app, call batchoperate one call after the other. */
async function useClients(one: Case, spanMs: number): Promise<void> {
  const { timeline, random } = one;
  const clients = SCENE.apps
    .filter(() => random.chance(0.6))
    .map(async (app) => {
      let known: Known = [];
      const calls = 1 + random.below(4);
      for (let i = 0; i < calls; i++) {
        await timeline.sleep(random.chance(0.5) ? random.logUniform(1, 100) : random.next() * (spanMs / calls));
        known = await operate(one.client(app), known);
      }
    });
  await Promise.all(clients);
}

async function read(one: Case, spanMs: number): Promise<void> {
  const { timeline, random } = one;
  const reads = Array.from({ length: 4 + random.below(8) }, async () => {
    await timeline.sleep(random.next() * spanMs * 1.2);
    for (const answer of await ask(one.client(random.pick(SCENE.apps)), drawQuery(random))) check(one, answer);
  });
  await Promise.all(reads);
}

function check({ deployment, ledger, onFinding }: Case, answer: Answer): void {
  const { app, token, account, from, to, isShown } = answer;
  const said = `${pairOf(app, token, account)} ${isShown ? 'shown' : 'not shown'} between ${from.toFixed(1)} and ${to.toFixed(1)} ms`;
  if (isShown && !deployment.truth.wasTrue({ app, token }, { app, account }, from, to))
    onFinding('O2 what a read shows was true at some instant of it', said);
  const promise = brokenPromise(ledger.deeds(), answer);
  if (promise) onFinding(promise, said);
}

/** From now on nothing goes wrong. Whether everything comes to its end. */
async function rest({ timeline, faults, deployment, onFinding }: Case, busy: Promise<unknown>): Promise<boolean> {
  let isBusy = true;
  const bug = (error: unknown) =>
    onFinding('no bug is thrown', error instanceof Error ? (error.stack ?? '') : String(error));
  busy.catch(bug).finally(() => {
    isBusy = false;
  });
  faults.calm();
  await timeline.run();
  const left = deployment.queue.sent.filter(({ place }) => place !== 'deleted');
  if (isBusy) onFinding('O7 everything comes to its end', 'a caller still waits');
  if (left.length > 0) onFinding('O5 nothing accepted is lost or left', `${left.length} messages are still there`);
  return !isBusy;
}

/** When nothing is on its way any more, both directions say what the serial order says, and copies change nothing. */
async function atRest(one: Case): Promise<void> {
  const { ledger, deployment, onFinding, timeline } = one;
  const operations = ledger.deeds().map(({ operation }) => operation);
  const all = serial(operations);
  // A bind set aside for its age may have been in effect before: both ends are right.
  const aside = new Set(
    deployment.parked.flatMap((message) => message.operations.map((operation) => JSON.stringify(operation))),
  );
  const isAside = (pair: string) => aside.has(JSON.stringify(all.get(pair)?.by));
  const before = await shown(one);
  for (const [direction, pairs] of before) {
    const missing = [...all.keys()].filter((pair) => !pairs.has(pair) && !isAside(pair));
    const extra = [...pairs].filter((pair) => !all.has(pair));
    if (missing.length + extra.length > 0)
      onFinding(
        `O1 at rest the ${direction} are as the serial order says`,
        `missing ${missing.join('; ')} extra ${extra.join('; ')}`,
      );
  }
  const bodies = one.random.shuffled(deployment.queue.sent.map((message) => ({ message, handle: '', receives: 1 })));
  const replay = deployment.worker(born())({ Records: bodies.map((received) => recordOf(received, false)) }, CONTEXT);
  await timeline.run();
  await replay;
  const after = await shown(one);
  for (const [direction, pairs] of after)
    if ([...pairs].sort().join() !== [...(before.get(direction) ?? [])].sort().join())
      onFinding('O6 copies change nothing', `${direction} differ after all messages came once more`);
}

/** All answers of the Account API, in both directions. */
async function shown(one: Case): Promise<Map<string, Set<string>>> {
  const answers = SCENE.apps.flatMap((app) => [
    { direction: 'accounts of tokens', found: ask(one.client(app), { kind: 'accountsOf', tokens: SCENE.tokens }) },
    { direction: 'tokens of accounts', found: ask(one.client(app), { kind: 'tokensOf', accounts: SCENE.accounts }) },
  ]);
  await one.timeline.run();
  const pairs = new Map<string, Set<string>>();
  for (const { direction, found } of answers) {
    const known = pairs.get(direction) ?? new Set();
    pairs.set(direction, known);
    for (const { app, token, account, isShown } of await found) if (isShown) known.add(pairOf(app, token, account));
  }
  return pairs;
}
