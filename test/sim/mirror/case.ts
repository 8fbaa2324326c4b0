import { type Outbox, post } from '../backend.ts';
import { BEGINNING_MS } from '../cast.ts';
import { type Fault, MIRROR_FAULTS, swarm } from '../faults.ts';
import type { Finding, Run } from '../finding.ts';
import { gateway } from '../gateway.ts';
import { ledger } from '../ledger.ts';
import { type Backend, drawEvent } from '../people.ts';
import { deedText } from '../promises.ts';
import { type Random, randomOf } from '../random.ts';
import { timeline } from '../timeline.ts';
import { type MirrorFigures, tenthsOf } from './figures.ts';
import { leaks } from './leaks.ts';
import { compareAtRest, type Watch } from './oracles.ts';
import { CHAT, drawMirrorScene } from './scene.ts';
import { type Stage, setUp } from './stage.ts';

const MINUTE_MS = 60_000;

/** How long people are busy: in some cases until long after the last verification of what they did first. */
const BUSY_MS = [10 * MINUTE_MS, 10 * MINUTE_MS, 40 * MINUTE_MS];

/** How long after that things still go wrong. */
const MORE_MS = 2 * MINUTE_MS;

/** By then everything has come to its end, dead letters included. */
const END_MS = 6 * 24 * 60 * MINUTE_MS;

/**
 * One case of an app with a mirror: the real doors, the real workers and a hosted API that applies calls later than it accepts them,
 * everything between them hostile; then calm, until nothing is on its way any more.
 */
export async function mirrorCase(seed: number, only: readonly Fault[] = MIRROR_FAULTS): Promise<Run> {
  const random = randomOf(seed);
  const time = timeline();
  const surroundings = { timeline: time, random, faults: swarm(random, only, MIRROR_FAULTS) };
  const findings: Omit<Finding, 'seed' | 'trace'>[] = [];
  const onFinding: Watch['onFinding'] = (oracle, actual, expected = '') =>
    void findings.push({ oracle, actual, expected });
  const book = ledger((oracle, expected, actual) => onFinding(oracle, actual, expected));
  const busyMs = random.pick(BUSY_MS);
  const calmMs = busyMs + MORE_MS;
  const stage = setUp(surroundings, drawMirrorScene(random), { book, onFinding, calmMs });
  const outbox: Outbox = {
    ...surroundings,
    gateway: gateway(surroundings, stage.deployment),
    ledger: book,
    clock: () => BEGINNING_MS + time.now(),
    patienceMs: MINUTE_MS,
    onFinding,
  };
  const counts = { events: 0 };
  const busy = tellEvents(outbox, stage, moments(random, busyMs), counts);
  await time.run(calmMs);
  surroundings.faults.calm();
  await rest(stage, busy);
  const deeds = book.deeds();
  const removing = deeds.filter(({ operation: { app, kind } }) => app === CHAT && kind !== 'bind').length;
  const figures = { ...figuresOf(stage, calmMs), ...counts, removing };
  const [first] = findings;
  const history = () => [
    ...deeds.map(deedText),
    ...stage.truth.history.map((line) => line()),
    ...stage.side.history.map((line) => line()),
  ];
  const trace = first ? history().sort(byTime) : [];
  return { finding: first && { seed, ...first, trace }, faults: surroundings.faults.counts, figures };
}

const msIn = (line: string): number => Number(/[\d.]+(?= ms)/.exec(line)?.[0]);
const byTime = (a: string, b: string): number => msIn(a) - msIn(b);

/** People sign in and out, often twice in a row; the backend tells it in messages of one or two events. */
async function tellEvents(
  outbox: Outbox,
  { scene }: Stage,
  times: readonly number[],
  counts: { events: number },
): Promise<void> {
  const { timeline, random, faults, clock } = outbox;
  const backend: Backend = { random, scene, sessions: new Map() };
  const skews = [0, 1].map(() =>
    faults.strike('clocks differ') ? (random.next() - 0.5) * random.pick([100, 2_000, 20_000]) : 0,
  );
  const sending: Promise<void>[] = [];
  for (const [i, at] of times.entries()) {
    await timeline.sleep(at - timeline.now());
    const now = clock() + random.pick(skews);
    const events = Array.from({ length: random.chance(0.2) ? 2 : 1 }, (_, j) =>
      drawEvent(backend, now + j, `event-${i}-${j}`),
    );
    counts.events += events.filter(({ expected }) => expected.some(({ app }) => app === CHAT)).length;
    sending.push(post(outbox, `message-${i}`, events));
  }
  await Promise.all(sending);
}

/** When something happens: some of it soon after something else, as a user switch does. */
function moments(random: Random, busyMs: number): number[] {
  const times = Array.from({ length: 4 + random.below(8) }, () => random.next() * busyMs);
  const soon = times.filter(() => random.chance(0.5)).map((at) => at + random.logUniform(50, 20_000));
  return [...times, ...soon].sort((a, b) => a - b);
}

/** From now on nothing goes wrong: everything comes to its end. */
async function rest({ timeline, deployment, queues, onFinding }: Stage, busy: Promise<void>): Promise<void> {
  let isBusy = true;
  const bug = (error: unknown) =>
    onFinding('no bug is thrown', error instanceof Error ? (error.stack ?? '') : String(error));
  busy.catch(bug).finally(() => {
    isBusy = false;
  });
  await timeline.run(END_MS);
  if (isBusy) onFinding('O7 everything comes to its end', 'a caller still waits');
  for (const [name, { sent }] of Object.entries({ operations: deployment.queue, ...queues.all })) {
    const left = sent.filter(({ place }) => place !== 'deleted').length;
    if (left > 0) onFinding('O5 nothing accepted is lost or left', `${left} ${name} are still there`);
  }
}

function figuresOf(stage: Stage, calmMs: number): Omit<MirrorFigures, 'events' | 'removing'> {
  const { scene, truth, side, network, deployment, queues, timeline, stateOf } = stage;
  const { isLeak, isMissing } = compareAtRest(stage);
  const end = timeline.now();
  const { ofRemovals } = leaks(scene, scene.tokens, truth, side, end);
  const kept = scene.tokens.filter((token) => stateOf(token)?.dropped === undefined && !side.isForgotten(token));
  const { differedAt, changedAt } = leaks(scene, kept, truth, side, end);
  const redrivenAt = [deployment.queue, ...Object.values(queues.all)].map((queue) => queue.redrivenAt());
  const isAtRest = !isLeak && !isMissing;
  return {
    operateCalls: network.calls.operate,
    queryCalls: network.calls.accountsOf,
    leakMs: ofRemovals.reduce((sum, ms) => sum + ms, 0),
    leaks: tenthsOf(ofRemovals),
    leaksAtRest: Number(isLeak),
    missingAtRest: Number(isMissing),
    longestMs: isAtRest ? Math.max(0, differedAt - Math.max(calmMs, changedAt, ...redrivenAt)) : 0,
  };
}
