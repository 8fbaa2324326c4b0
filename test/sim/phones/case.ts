import { comesToRest, post } from '../backend.ts';
import { FAULTS, type Fault, swarm } from '../faults.ts';
import type { Run } from '../finding.ts';
import { calledDeployment } from '../gateway.ts';
import { deedText } from '../promises.ts';
import { randomOf } from '../random.ts';
import { HOUR_MS, MINUTE_MS, timeline } from '../timeline.ts';
import { atRest } from './oracles.ts';
import { type Attempt, drawPhones, flush, usePhone } from './phone.ts';
import { provider } from './provider.ts';
import { PHONES_CONFIGURATION } from './scene.ts';
import { sendMessage } from './sender.ts';

/** How long people are busy (ms). A bearer lives for an hour. */
const SPANS_MS = [MINUTE_MS, 10 * MINUTE_MS, 3 * HOUR_MS] as const;

/**
 * One case of phones: the real doors and the real worker, with phones that sign in and out, an identity provider, and a
 * sender whose messages come late; everything between them hostile, then calm, until nothing is on its way any more.
 */
export async function phonesCase(seed: number, only: readonly Fault[] = FAULTS): Promise<Run> {
  const random = randomOf(seed);
  const time = timeline();
  const surroundings = { timeline: time, random, faults: swarm(random, only) };
  const called = calledDeployment(surroundings, { configuration: PHONES_CONFIGURATION });
  const spanMs = random.pick(SPANS_MS);
  const shown = { strayed: 0, shownWrong: 0, arrived: 0, hidden: 0 };
  const phones = drawPhones(random, spanMs);
  const attempts: Attempt[] = [];
  const stage = { ...called, provider: provider(surroundings), phones, attempts, shown };
  const people = phones.map((phone) => usePhone(stage, phone, spanMs));
  const busy = [...people, ...revocations(stage, spanMs), ...messages(stage, spanMs)];
  await time.run(spanMs + 5 * MINUTE_MS);
  called.faults.calm();
  const flushed = Promise.all(busy).then(() => Promise.all(phones.map((phone) => redeemAll(stage, phone))));
  if (await comesToRest(called, flushed, { operations: called.deployment.queue })) {
    const rest = await atRest(stage);
    const history = () => [
      ...called.ledger.deeds().map(deedText),
      ...called.deployment.truth.history.map((line) => line()),
    ];
    return { finding: called.first(seed, history), faults: called.faults.counts, figures: { ...shown, ...rest } };
  }
  return { finding: called.first(seed, () => []), faults: called.faults.counts, figures: shown };
}

type Stage = ReturnType<typeof calledDeployment> & Parameters<typeof sendMessage>[0] & Parameters<typeof usePhone>[0];

/** Sign-outs of accounts and ends of sessions, which people choose somewhere else. Their events come late. */
const revocations = (stage: Stage, spanMs: number): Promise<void>[] =>
  Array.from({ length: stage.random.below(4) }, async (_, i) => {
    const { timeline, random, provider } = stage;
    await timeline.sleep(random.next() * spanMs);
    const event = provider.revoke(`event-${i}`);
    if (event === undefined) return;
    await timeline.sleep(random.chance(0.4) ? random.logUniform(10, 1_000) : random.logUniform(1_000, spanMs));
    await post({ ...stage, patienceMs: MINUTE_MS }, `message-${i}`, [event]);
  });

const messages = (stage: Stage, spanMs: number): Promise<void>[] =>
  Array.from({ length: 2 + stage.random.below(8) }, async () => {
    await stage.timeline.sleep(stage.random.next() * spanMs * 1.1);
    await sendMessage(stage);
  });

/** A phone that is online again redeems what it kept. */
async function redeemAll(stage: Stage, phone: Stage['phones'][number]): Promise<void> {
  while (phone.ended.some(({ isAccepted }) => !isAccepted)) {
    await stage.timeline.sleep(MINUTE_MS);
    await flush(stage, phone);
  }
}
