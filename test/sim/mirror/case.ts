import type { Token } from '../../../functions/core/account.ts';
import { HORIZON_MS } from '../../../functions/core/merge.ts';
import type { StoredState } from '../../../functions/mirror/state.ts';
import { memoryMirrorStore } from '../../memory/mirror-store.ts';
import { comesToRest, drawEvents, sendAll, skewsOf } from '../backend.ts';
import { BEGINNING_MS } from '../cast.ts';
import { type Fault, MIRROR_FAULTS, swarm } from '../faults.ts';
import { type Figures, tenthsOf } from '../figures.ts';
import { findings, type Run } from '../finding.ts';
import { calledDeployment } from '../gateway.ts';
import type { Process, Surroundings } from '../network.ts';
import type { Backend } from '../people.ts';
import { deedText } from '../promises.ts';
import { type Random, randomOf } from '../random.ts';
import { DAY_MS, MINUTE_MS, timeline } from '../timeline.ts';
import { hostedApi } from './hosted-api.ts';
import { hostedNetwork, trouble } from './hosted-network.ts';
import { compareAtRest, confirmations, leaks } from './oracles.ts';
import { mirrorQueues } from './queues.ts';
import { CHAT, drawMirrorScene, type MirrorScene } from './scene.ts';
import { marksOf, mirrorWorkers } from './site.ts';

/** How long people are busy: in some cases until long after the last verification of what they did first. */
const BUSY_MS = [10 * MINUTE_MS, 10 * MINUTE_MS, 40 * MINUTE_MS];

/** How long after that things still go wrong. */
const MORE_MS = 2 * MINUTE_MS;

/** By then everything has come to its end, dead letters included. */
const END_MS = 6 * DAY_MS;

/**
 * One case of an app with a mirror: the real doors, the real workers and a hosted API that applies calls later than it
 * accepts them, everything between them hostile; then calm, until nothing is on its way any more.
 */
export async function mirrorCase(seed: number, only: readonly Fault[] = MIRROR_FAULTS): Promise<Run> {
  const random = randomOf(seed);
  const time = timeline();
  const surroundings = { timeline: time, random, faults: swarm(random, only, MIRROR_FAULTS) };
  const busyMs = random.pick(BUSY_MS);
  const calmMs = busyMs + MORE_MS;
  const stage = setUp(surroundings, drawMirrorScene(random), calmMs);
  const counts = { events: 0 };
  const busy = tellEvents(stage, moments(random, busyMs), counts);
  await time.run(calmMs);
  surroundings.faults.calm();
  const { marks, checks } = stage.queues;
  await comesToRest(stage, busy, { operations: stage.deployment.queue, marks, checks }, END_MS);
  const deeds = stage.ledger.deeds();
  const removing = deeds.filter(({ operation: { app, kind } }) => app === CHAT && kind !== 'bind').length;
  const figures = { ...figuresOf(stage, calmMs), ...counts, removing };
  const lines = [...stage.truth.history, ...stage.side.history];
  const history = () => [...deeds.map(deedText), ...lines.map((line) => line())].sort(byTime);
  return { finding: stage.first(seed, history), faults: surroundings.faults.counts, figures };
}

const msIn = (line: string): number => Number(/[\d.]+(?= ms)/.exec(line)?.[0]);
const byTime = (a: string, b: string): number => msIn(a) - msIn(b);

/** People sign in and out, often twice in a row. */
async function tellEvents(stage: Stage, times: readonly number[], counts: { events: number }) {
  const { timeline, random, scene } = stage;
  const backend: Backend = { random, scene, sessions: new Map() };
  const skews = skewsOf(stage);
  await sendAll({ ...stage, patienceMs: MINUTE_MS }, times, (i) => {
    // The worker may refuse, for its age, what the door has applied.
    const ageMs = random.chance(0.1) ? HORIZON_MS - random.logUniform(100, 5_000) : 0;
    const clock = BEGINNING_MS + timeline.now() + random.pick(skews) - ageMs;
    const events = drawEvents(ageMs > 0 ? { ...backend, sessions: new Map() } : backend, clock, i);
    counts.events += events.filter(({ expected }) => expected.some(({ app }) => app === CHAT)).length;
    return events;
  });
}

/** When something happens: some of it soon after something else, as a user switch does. */
function moments(random: Random, busyMs: number): number[] {
  const times = Array.from({ length: 4 + random.below(8) }, () => random.next() * busyMs);
  const soon = times.filter(() => random.chance(0.5)).map((at) => at + random.logUniform(50, 20_000));
  return [...times, ...soon].sort((a, b) => a - b);
}

function figuresOf(stage: Stage, calmMs: number): Partial<Figures> {
  const { scene, side, network, deployment, queues, stateOf } = stage;
  const { isLeak, isMissing } = compareAtRest(stage);
  const { ofRemovals } = leaks(stage, scene.tokens);
  const kept = scene.tokens.filter((token) => stateOf(token)?.dropped === undefined && !side.isForgotten(token));
  const { differedAt, changedAt } = leaks(stage, kept);
  const redrivenAt = [deployment.queue, queues.marks, queues.checks].map((queue) => queue.redrivenAt());
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

/** The stage of a mirrored case. */
type Stage = ReturnType<typeof setUp>;

function setUp(surroundings: Surroundings, scene: MirrorScene, calmMs: number) {
  const { timeline, faults } = surroundings;
  const looks: (() => void)[] = [];
  const look = () => {
    for (const one of looks) one();
  };
  const side = hostedApi(timeline);
  const found = findings();
  const { onFinding } = found;
  const queues = mirrorQueues(surroundings, { look, onFinding, history: side.history });
  const mirrors = (process: Process) => marksOf(queues, process);
  const called = calledDeployment(surroundings, { configuration: scene.configuration, mirrors }, found);
  const { isDown } = trouble(surroundings, side, { tokens: scene.tokens, calmMs });
  const onOverlap = (said: string) => {
    // If a message is delivered twice at a time, its push may be made twice too.
    if (!faults.counts.has('queue delivers twice')) onFinding('O9 one push of a token at a time', said);
  };
  const network = hostedNetwork(surroundings, side, { isDown, onOverlap });
  const states = new Map<string, StoredState>();
  const stateOf = (token: Token) => states.get(`${CHAT}#${token}`)?.state;
  const watch = { ...called, scene, truth: called.deployment.truth, side, stateOf };
  const site = { ...called, scene, queues, states: memoryMirrorStore(states), network };
  looks.push(mirrorWorkers({ ...site, ...confirmations(watch) }));
  return { ...watch, queues, network };
}
