import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf, tokensOf } from '../../functions/core/bindings.ts';
import { orUnavailable } from '../../functions/core/outcome.ts';
import type { RegistryStore } from '../../functions/core/store.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import { ACCOUNTS, APP, BEGINNING_MS, type Draw, drawOperation, INSTALLATIONS, TOKENS } from './cast.ts';
import { FAULTS, type Fault, type Faults, swarm } from './faults.ts';
import { bugTo, findings, type Run } from './finding.ts';
import { hostileStore } from './hostile-store.ts';
import { eventually, type History, remembered } from './lately.ts';
import { born, type Surroundings } from './network.ts';
import { type Answer, check, type Deed, deedOf, deedText } from './promises.ts';
import { type Random, randomOf } from './random.ts';
import { pairOf, serial, takenAway } from './serial.ts';
import { shownOfAccounts, shownOfTokens } from './shown.ts';
import { timeline } from './timeline.ts';
import { type Truth, watched } from './truth.ts';

/** After this time (ms) nothing goes wrong any more, and a minute later everything must have come to rest. */
const CALM_MS = 8_000;
export const REST_MS = 120_000;

export type Schedule = Surroundings & {
  readonly truth: Truth;
  /** Of the same store. */
  readonly past: History;
  readonly deeds: readonly Deed[];
} & ReturnType<typeof findings>;

/** A schedule over that store, with faults of its own. */
export function scheduleOver(
  store: RegistryStore,
  { random, faults }: { random: Random; faults: Faults },
  deeds: readonly Deed[],
): Schedule {
  const time = timeline();
  const past = remembered(store, time.now);
  const truth = watched(past.store, time.now);
  return { timeline: time, random, faults, truth, past, deeds, ...findings() };
}

/** The result of a schedule that has come to its end. */
export const resultOf = ({ truth, deeds, faults, first }: Schedule, seed: number): Run => ({
  finding: first(seed, () => [...deeds.map(deedText), ...truth.history.map((line) => line())]),
  faults: faults.counts,
});

/**
 * One schedule of the storage protocol: the registry's own code, run by processes that die and are tried again, against
 * a hostile store, while others read in both directions.
 */
export function storageSchedule(seed: number, only: readonly Fault[] = FAULTS): Promise<Run> {
  const random = randomOf(seed);
  const draw = drawn(random, () => random.pick([0, 0.4]));
  return scheduleOf(seed, { random, draw, only });
}

/** As above, with logins that name installations on two or three tokens. */
export function installationsSchedule(seed: number, only: readonly Fault[] = FAULTS): Promise<Run> {
  const random = randomOf(seed);
  const tokens = 2 + random.below(2);
  const spanMs = random.pick([2, 20]);
  const installations = { chance: random.pick([0.6, 1]), ids: INSTALLATIONS };
  const draw = { tokens, spanMs, sessions: 0, types: 0.2, installations };
  return scheduleOf(seed, { random, draw, only });
}

type Drawing = { readonly random: Random; readonly draw: Draw; readonly only: readonly Fault[] };

async function scheduleOf(seed: number, { random, draw, only }: Drawing): Promise<Run> {
  const deeds = Array.from({ length: 2 + random.below(6) }, (_, i) =>
    deedOf(drawOperation(random, random.below(6), i, draw)),
  );
  const schedule = scheduleOver(memoryRegistryStore(), { random, faults: swarm(random, only) }, deeds);
  const spreadMs = random.pick([10, 60, 2_000]);
  for (const message of messages(random, deeds))
    spawn(schedule, random.next() * spreadMs, () => deliver(schedule, message));
  for (let i = 3 + random.below(6); i > 0; i--) spawn(schedule, random.next() * spreadMs * 1.5, () => read(schedule));
  await comesToRest(schedule);
  return resultOf(schedule, seed);
}

export const drawn = (random: Random, sessions: () => number): Draw => ({
  tokens: 1 + random.below(2),
  spanMs: random.pick([2, 20]),
  sessions: sessions(),
  types: random.pick([0, 0.5]),
});

export async function comesToRest(schedule: Schedule): Promise<void> {
  schedule.timeline.after(CALM_MS, schedule.faults.calm);
  await schedule.timeline.run(REST_MS);
  await atRest(schedule);
}

/** Operations in messages of one to three, some messages twice, some operations in two messages. */
export function messages(random: Random, deeds: readonly Deed[]): Deed[][] {
  const all: Deed[][] = [];
  for (const deed of random.shuffled([...deeds, ...deeds.filter(() => random.chance(0.2))])) {
    const last = all.at(-1);
    if (last && last.length < 3 && random.chance(0.4)) last.push(deed);
    else all.push([deed]);
  }
  return [...all, ...all.filter(() => random.chance(0.2))];
}

/** Begins something later; what it throws is a bug. */
export function spawn({ timeline, onFinding }: Schedule, inMs: number, run: () => Promise<void>): void {
  timeline.after(inMs, () => void run().catch(bugTo(onFinding)));
}

/** A message on its way: tried again, by a new process, until all its operations are applied. */
export async function deliver(schedule: Schedule, message: readonly Deed[]): Promise<void> {
  const { timeline, random } = schedule;
  for (const deed of message) deed.issuedAt = Math.min(deed.issuedAt, timeline.now());
  while (!(await attempt(schedule, message))) await timeline.sleep(random.logUniform(1, 500));
}

/**
 * Returns true if all operations of the message are applied, as far as the one process that tried sees. Its reads may be
 * old.
 */
async function attempt(schedule: Schedule, message: readonly Deed[]): Promise<boolean> {
  const { timeline, random } = schedule;
  const process = born();
  const store = eventually(schedule.truth.store, schedule.past, schedule);
  const ports = {
    store: hostileStore(store, schedule, process),
    now: () => BEGINNING_MS + timeline.now(),
    pause: (attempt: number) => timeline.sleep(random.next() * 2 ** Math.min(attempt, 6)),
  };
  const operations = message.map(({ operation }) => operation);
  const outcomes = await Promise.race([applyAll(ports, operations), process.death]);
  if (outcomes === 'dead') return false;
  const done = message.filter((_, i) => outcomes[i]?.kind === 'applied' || outcomes[i]?.kind === 'superseded');
  for (const deed of done) deed.ackedAt = Math.min(deed.ackedAt, timeline.now());
  return done.length === message.length;
}

export async function read(schedule: Schedule): Promise<void> {
  const { timeline, random, truth } = schedule;
  const from = timeline.now();
  const process = born();
  const store = hostileStore(truth.store, schedule, process);
  const [tokens, accounts] = random.chance(0.5)
    ? [random.shuffled(TOKENS).slice(0, 1 + random.below(2)), []]
    : [[], [random.pick(ACCOUNTS)]];
  const found = await Promise.race([orUnavailable(() => answersOf(store, tokens, accounts)), process.death]);
  if (found === 'dead' || !Array.isArray(found)) return;
  for (const answer of found) check(schedule, { ...answer, from, to: timeline.now() });
}

type Said = Pick<Answer, 'app' | 'token' | 'account' | 'isShown'>;

/** Returns every binding of these tokens and these accounts, as the registry shows it. */
async function answersOf(store: RegistryStore, tokens: typeof TOKENS, accounts: typeof ACCOUNTS): Promise<Said[]> {
  const tokenRefs = tokens.map((token) => ({ app: APP, token }));
  const accountRefs = accounts.map((account) => ({ app: APP, account }));
  const shown = await tokensOf(store, accountRefs, BEGINNING_MS);
  const found = [
    ...shownOfTokens(tokens, ACCOUNTS, await accountsOf(store, tokenRefs, BEGINNING_MS)),
    ...shownOfAccounts(
      accounts,
      TOKENS,
      shown.map(({ tokens }) => tokens),
    ),
  ];
  return found.map((one) => ({ app: APP, ...one }));
}

/** When nothing is on its way any more, both directions say what the serial order says. */
export async function atRest({ truth, deeds, onFinding }: Schedule): Promise<void> {
  if (deeds.some(({ ackedAt }) => ackedAt === Number.POSITIVE_INFINITY))
    onFinding('O7 every operation comes to its end', 'some were never in effect');
  const operations = deeds.map(({ operation }) => operation);
  const all = [...serial(operations)];
  const open = all.filter(([, bound]) => takenAway(operations, bound) === 'either').map(([pair]) => pair);
  const expected = all
    .flatMap(([pair]) => (open.includes(pair) ? [] : [pair]))
    .sort()
    .join('; ');
  for (const [tokens, accounts] of [
    [TOKENS, []],
    [[], ACCOUNTS],
  ] as const) {
    const said = await answersOf(truth.store, [...tokens], [...accounts]);
    const shown = said.filter(({ isShown }) => isShown).map(({ app, token, account }) => pairOf(app, token, account));
    const actual = shown
      .filter((pair) => !open.includes(pair))
      .sort()
      .join('; ');
    const direction = tokens.length > 0 ? 'accounts of tokens' : 'tokens of accounts';
    if (actual !== expected) onFinding(`O1 at rest the ${direction} are as the serial order says`, actual, expected);
  }
}
