import { HORIZON_MS } from '../../functions/core/merge.ts';
import { comesToRest, drawEvents, sendAll, skewsOf } from './backend.ts';
import { BEGINNING_MS } from './cast.ts';
import { ask, drawQuery, type Known, operate } from './client.ts';
import { CONTEXT, type DeploymentOptions } from './deployment.ts';
import { recordOf } from './event-source.ts';
import { FAULTS, type Fault, swarm } from './faults.ts';
import type { Run } from './finding.ts';
import { calledDeployment } from './gateway.ts';
import { exposures } from './leaks.ts';
import { born } from './network.ts';
import type { Backend } from './people.ts';
import { check, deedText } from './promises.ts';
import { randomOf } from './random.ts';
import { SCENE } from './scene.ts';
import { disputed, leaseEnd, pairOf, serial, takenAway } from './serial.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, MOST_SKEW_MS, timeline } from './timeline.ts';

/** How long people are busy, and how long a backend may wait before it sends again. */
const PACES = [
  { spanMs: 2_000, patienceMs: 5_000 },
  { spanMs: 10_000, patienceMs: 1_000 },
  { spanMs: 10 * MINUTE_MS, patienceMs: 30 * MINUTE_MS },
  { spanMs: 10 * MINUTE_MS, patienceMs: 3 * HOUR_MS },
  { spanMs: 150 * DAY_MS, patienceMs: 10 * DAY_MS },
] as const;

export type Case = ReturnType<typeof calledDeployment>;

/**
 * One end-to-end case: the real doors and the real worker, with an auth backend, clients of the Account API and readers
 * around them, and everything between them hostile; then calm, until nothing is on its way any more.
 */
export const endToEndCase = (seed: number, only: readonly Fault[] = FAULTS): Promise<Run> => runCase(seed, only);

/** Runs a case. `atEnd`: looks at it when nothing is on its way any more. */
export async function runCase(
  seed: number,
  only: readonly Fault[],
  options: DeploymentOptions = {},
  atEnd: (one: Case) => void = () => {},
): Promise<Run> {
  const random = randomOf(seed);
  const pace = random.pick(PACES);
  const time = timeline();
  const one = calledDeployment({ timeline: time, random, faults: swarm(random, only) }, options);
  const { deployment, ledger, faults } = one;
  const busy = [tellEvents(one, pace), useClients(one, pace.spanMs), read(one, pace.spanMs)];
  await time.run(pace.spanMs + 5 * MINUTE_MS);
  faults.calm();
  if (await comesToRest(one, Promise.all(busy), { operations: deployment.queue })) {
    atEnd(one);
    await atRest(one);
  }
  const figures = exposures(deployment.truth, ledger.deeds(), time.now());
  if (figures.leakedMs > 0)
    one.onFinding('O3 nothing removed is true after the answer', `${figures.leakedMs.toFixed(1)} ms`);
  const history = () => [...ledger.deeds().map(deedText), ...deployment.truth.history.map((line) => line())];
  return { finding: one.first(seed, history), faults: faults.counts, figures };
}

/** People sign in and out, now and then weeks before the backend tells it. */
async function tellEvents(one: Case, { spanMs, patienceMs }: (typeof PACES)[number]): Promise<void> {
  const { timeline, random } = one;
  const backend: Backend = { random, scene: SCENE, sessions: new Map() };
  // Events of weeks ago belong to other sessions.
  const archive: Backend = { ...backend, sessions: new Map() };
  const skews = skewsOf(one);
  const times = Array.from({ length: 3 + random.below(8) }, () => random.next() * spanMs).sort((a, b) => a - b);
  await sendAll({ ...one, patienceMs }, times, (i) => {
    const isOld = spanMs > HORIZON_MS && random.chance(0.1);
    const ageMs = isOld ? HORIZON_MS - random.logUniform(1_000, HOUR_MS) : 0;
    const clock = BEGINNING_MS + timeline.now() + random.pick(skews) - ageMs;
    return drawEvents(isOld ? archive : backend, clock, i);
  });
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
        known = await operate({ ...one, app }, known);
      }
    });
  await Promise.all(clients);
}

async function read(one: Case, spanMs: number): Promise<void> {
  const { timeline, random, ledger, onFinding } = one;
  const { truth } = one.deployment;
  const reads = Array.from({ length: 4 + random.below(8) }, async () => {
    await timeline.sleep(random.next() * spanMs * 1.2);
    for (const answer of await ask({ ...one, app: random.pick(SCENE.apps) }, drawQuery(random)))
      check({ truth, deeds: ledger.deeds(), onFinding }, answer);
  });
  await Promise.all(reads);
}

/** When nothing is on its way any more, both directions say what the serial order says, and copies change nothing. */
async function atRest(one: Case): Promise<void> {
  const { ledger, deployment, onFinding, timeline } = one;
  const operations = ledger.deeds().map(({ operation }) => operation);
  const all = serial(operations);
  const unsure = disputed(operations);
  const from = timeline.now() - MOST_SKEW_MS;
  const newest = new Map(all);
  for (const [pair, bound] of all) if (leaseEnd(bound) < from) all.delete(pair);
  // A bind set aside for its age may have been in effect before: both ends are right, also that its lease ended no other.
  const aside = new Set(deployment.parked.flatMap(({ operations }) => operations.map((one) => JSON.stringify(one))));
  const isAside = (pair: string) => aside.has(JSON.stringify(newest.get(pair)?.by));
  const isOpen = (pair: string) => {
    const bound = all.get(pair);
    const isEnding = bound !== undefined && leaseEnd(bound) <= timeline.now() + MOST_SKEW_MS;
    return unsure.has(pair) || isEnding || (bound !== undefined && takenAway(operations, bound) === 'either');
  };
  const before = await shown(one);
  for (const [direction, pairs] of before) {
    const missing = [...all.keys()].filter((pair) => !pairs.has(pair) && !isAside(pair) && !isOpen(pair));
    const extra = [...pairs].filter((pair) => !all.has(pair) && !unsure.has(pair) && !isAside(pair));
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
  const settled = (pairs: Iterable<string>) =>
    [...pairs]
      .filter((pair) => !isOpen(pair))
      .sort()
      .join();
  for (const [direction, pairs] of after)
    if (settled(pairs) !== settled(before.get(direction) ?? []))
      onFinding('O6 copies change nothing', `${direction} differ after all messages came once more`);
}

/** All answers of the Account API, in both directions. */
async function shown(one: Case): Promise<Map<string, Set<string>>> {
  const answers = SCENE.apps.flatMap((app) => [
    { direction: 'accounts of tokens', found: ask({ ...one, app }, { kind: 'accountsOf', tokens: SCENE.tokens }) },
    { direction: 'tokens of accounts', found: ask({ ...one, app }, { kind: 'tokensOf', accounts: SCENE.accounts }) },
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
