import { comesToRest, drawEvents, type Outbox, sendAll, skewsOf } from '../backend.ts';
import { BEGINNING_MS } from '../cast.ts';
import { type Deployment, deploy } from '../deployment.ts';
import { type Fault, MIRROR_FAULTS, swarm } from '../faults.ts';
import { type Figures, tenthsOf } from '../figures.ts';
import { findings, type Run } from '../finding.ts';
import { gateway } from '../gateway.ts';
import { type Ledger, ledger } from '../ledger.ts';
import type { Surroundings } from '../network.ts';
import type { Backend } from '../people.ts';
import { deedText } from '../promises.ts';
import { type Random, randomOf } from '../random.ts';
import { DAY_MS, MINUTE_MS, timeline } from '../timeline.ts';
import { hostedApi } from './hosted-api.ts';
import { type HostedNetwork, hostedNetwork, trouble } from './hosted-network.ts';
import { compareAtRest, confirmations, leaks, type Watch } from './oracles.ts';
import { type MirrorQueues, mirrorQueues } from './queues.ts';
import { CHAT, drawMirrorScene, type MirrorScene } from './scene.ts';
import { marksOf, mirrorWorkers } from './site.ts';
import { mirrorStates } from './store.ts';

/** How long people are busy: in some cases until long after the last verification of what they did first. */
const BUSY_MS = [10 * MINUTE_MS, 10 * MINUTE_MS, 40 * MINUTE_MS];

/** How long after that things still go wrong. */
const MORE_MS = 2 * MINUTE_MS;

/** By then everything has come to its end, dead letters included. */
const END_MS = 6 * DAY_MS;

/**
 * One case of an app with a mirror: the real doors, the real workers and a hosted API that applies calls later than it accepts them,
 * everything between them hostile; then calm, until nothing is on its way any more.
 */
export async function mirrorCase(seed: number, only: readonly Fault[] = MIRROR_FAULTS): Promise<Run> {
  const random = randomOf(seed);
  const time = timeline();
  const surroundings = { timeline: time, random, faults: swarm(random, only, MIRROR_FAULTS) };
  const { onFinding, first } = findings();
  const book = ledger(onFinding);
  const busyMs = random.pick(BUSY_MS);
  const calmMs = busyMs + MORE_MS;
  const stage = setUp(surroundings, drawMirrorScene(random), { book, onFinding, calmMs });
  const net = gateway(surroundings, stage.deployment);
  const outbox = { ...surroundings, gateway: net, ledger: book, patienceMs: MINUTE_MS, onFinding };
  const counts = { events: 0 };
  const busy = tellEvents(outbox, stage, moments(random, busyMs), counts);
  await time.run(calmMs);
  surroundings.faults.calm();
  const { marks, checks } = stage.queues;
  await comesToRest(stage, busy, { operations: stage.deployment.queue, marks, checks }, END_MS);
  const deeds = book.deeds();
  const removing = deeds.filter(({ operation: { app, kind } }) => app === CHAT && kind !== 'bind').length;
  const figures = { ...figuresOf(stage, calmMs), ...counts, removing };
  const history = () => [
    ...deeds.map(deedText),
    ...stage.truth.history.map((line) => line()),
    ...stage.side.history.map((line) => line()),
  ];
  return { finding: first(seed, () => history().sort(byTime)), faults: surroundings.faults.counts, figures };
}

const msIn = (line: string): number => Number(/[\d.]+(?= ms)/.exec(line)?.[0]);
const byTime = (a: string, b: string): number => msIn(a) - msIn(b);

/** People sign in and out, often twice in a row. */
async function tellEvents(outbox: Outbox, { scene }: Stage, times: readonly number[], counts: { events: number }) {
  const { timeline, random } = outbox;
  const backend: Backend = { random, scene, sessions: new Map() };
  const skews = skewsOf(outbox);
  await sendAll(outbox, times, (i) => {
    const events = drawEvents(backend, BEGINNING_MS + timeline.now() + random.pick(skews), i);
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
  const { scene, truth, side, network, deployment, queues, timeline, stateOf } = stage;
  const { isLeak, isMissing } = compareAtRest(stage);
  const end = timeline.now();
  const { ofRemovals } = leaks(scene, scene.tokens, truth, side, end);
  const kept = scene.tokens.filter((token) => stateOf(token)?.dropped === undefined && !side.isForgotten(token));
  const { differedAt, changedAt } = leaks(scene, kept, truth, side, end);
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
type Stage = Watch & {
  readonly deployment: Deployment;
  readonly queues: MirrorQueues;
  readonly network: HostedNetwork;
};

type Options = Pick<Watch, 'onFinding'> & { readonly book: Ledger; readonly calmMs: number };

function setUp(surroundings: Surroundings, scene: MirrorScene, { book, onFinding, calmMs }: Options): Stage {
  const { timeline, faults } = surroundings;
  const looks: (() => void)[] = [];
  const look = () => {
    for (const one of looks) one();
  };
  const side = hostedApi(timeline);
  const queues = mirrorQueues(surroundings, { look, onFinding, history: side.history });
  const deployment = deploy(surroundings, {
    configuration: scene.configuration,
    mirrors: (process) => marksOf(queues, process),
    ledger: book,
    onFinding,
  });
  const { isDown } = trouble(surroundings, side, { tokens: scene.tokens, calmMs });
  const onOverlap = (said: string) => {
    // If a message is delivered twice at a time, its push may be made twice too.
    if (!faults.counts.has('queue delivers twice')) onFinding('O9 one push of a token at a time', said);
  };
  const network = hostedNetwork(surroundings, side, { isDown, onOverlap });
  const states = mirrorStates(surroundings);
  const { truth } = deployment;
  const watch: Watch = { scene, timeline, truth, side, stateOf: (token) => states.stateOf(CHAT, token), onFinding };
  looks.push(mirrorWorkers({ ...surroundings, scene, deployment, queues, states, network, ...confirmations(watch) }));
  return { ...watch, deployment, queues, network };
}
