import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Instance } from '../../local/description.ts';
import { UserError } from '../../local/user-error.ts';
import { heldAfter } from './events.ts';
import { watchExposure } from './exposure.ts';
import { agreement, type Progress, type Sent, sendAll } from './run.ts';
import { differing, type Sides, sidesOf } from './sides.ts';

export type TrialOptions = {
  readonly events: number;
  readonly seconds: number;
  readonly tokens: number;
  /** The hosted side is down while events are sent, and they go to an app without a mirror too. */
  readonly isDown: boolean;
  /** Whether, in that case, to wait for the hosted side after it is back. */
  readonly isAwaited?: boolean;
  /** How long after it agrees a side must still do so. */
  readonly settleS: number;
  /** How long to wait for agreement at most. */
  readonly waitS: number;
};

type Counts = Readonly<Record<string, number>>;
type Percentiles = { readonly p50: number; readonly p99: number };

export type Trial = {
  readonly tokens: number;
  /** Tokens on which the two sides, or Bindery and what was sent, do not agree in the end. */
  readonly different: number;
  readonly convergedMs: number;
  readonly calls: { readonly operate: number; readonly query: number };
  readonly callsPerEvent: number;
  readonly exposure: { readonly meanMs: number; readonly longestMs: number };
  /**
   * Answers by status. `alike`: events that both apps accepted, or answered with one status, of so many pairs. Whether an
   * event is in effect within the second (200) or later (202) is a matter of what else the machine does.
   */
  readonly statuses: { mirrored: Counts; unmirrored: Counts; alike: number; pairs: number };
  readonly latency: { readonly mirrored: Percentiles; readonly unmirrored?: Percentiles };
};

/** A whole trial: events under the faults that there are, then calm, then the wait for agreement. Then the faults are back. */
export async function trial(instance: Instance, options: TrialOptions): Promise<Trial> {
  const sides = sidesOf(instance);
  const { faults, isDown } = await sides.control();
  try {
    return await tried(instance, sides, options);
  } finally {
    await sides.control({ faults, isDown });
    sides.close();
  }
}

async function tried(instance: Instance, sides: Sides, options: TrialOptions): Promise<Trial> {
  const { events, seconds, isDown, isAwaited = true } = options;
  const run = randomUUID().slice(0, 8);
  const tokens = Array.from({ length: options.tokens }, (_, i) => `trial-${run}-${i}`);
  const progress: Progress = { begun: [], sent: [] };
  const before = await sides.calls();
  await sides.control({ isDown });
  let isOver = false;
  const watching = watchExposure(sides, tokens, progress, () => isOver);
  await sendAll(instance, { events, seconds, tokens, apps: appsOf(instance, sides, isDown) }, progress);
  await sides.control({ faults: [], isDown: isDown && !isAwaited });
  const calmMs = performance.now();
  const apart = isAwaited ? await agreement(sides, tokens, options.waitS * 1000) : [];
  const convergedMs = performance.now() - calmMs;
  isOver = true;
  const exposure = await watching;
  const calls = await sides.calls();
  const different = apart.length > 0 || !isAwaited ? apart : await stillDifferent(sides, tokens, progress, options);
  const made = { operate: calls.operate - before.operate, query: calls.query - before.query };
  return {
    tokens: tokens.length,
    different: different.length,
    convergedMs,
    calls: made,
    callsPerEvent: (made.operate + made.query) / events,
    exposure: { meanMs: exposure.totalMs / events, longestMs: exposure.longestMs },
    ...answersOf(progress.sent, sides.app),
  };
}

/** The mirrored app, and one without a mirror where they are compared. */
function appsOf({ apps }: Instance, { app }: Sides, isDown: boolean): string[] {
  if (!isDown) return [app];
  const other = apps.find(({ mirrored }) => !mirrored);
  if (other === undefined) throw new UserError('there is no app without a mirror to compare with');
  return [app, other.id];
}

/** A second look, later than anything can still be on its way, also at what was sent. */
async function stillDifferent(
  sides: Sides,
  tokens: readonly string[],
  { begun }: Progress,
  { settleS }: TrialOptions,
): Promise<string[]> {
  await setTimeout(settleS * 1000);
  const { own, hosted } = await sides.held(tokens);
  const sent = heldAfter(begun);
  return [...new Set([...differing(tokens, own, hosted), ...differing(tokens, own, sent)])];
}

function answersOf(sent: readonly Sent[], app: string): Pick<Trial, 'statuses' | 'latency'> {
  const [mirrored, unmirrored] = [true, false].map((is) => sent.filter((one) => (one.app === app) === is));
  const pairs = [...Map.groupBy(sent, ({ event }) => event).values()].filter((answers) => answers.length === 2);
  const alike = pairs.filter(([a, b]) => classOf(a) === classOf(b)).length;
  const other = unmirrored?.length ? { unmirrored: percentilesOf(unmirrored) } : {};
  return {
    statuses: {
      mirrored: countsOf(mirrored ?? []),
      unmirrored: countsOf(unmirrored ?? []),
      alike,
      pairs: pairs.length,
    },
    latency: { mirrored: percentilesOf(mirrored ?? []), ...other },
  };
}

const classOf = (sent: Sent | undefined): string =>
  sent?.status === 200 || sent?.status === 202 ? 'accepted' : `${sent?.status}`;

const countsOf = (sent: readonly Sent[]): Counts =>
  Object.fromEntries([...Map.groupBy(sent, ({ status }) => `${status}`)].map(([status, all]) => [status, all.length]));

function percentilesOf(sent: readonly Sent[]): Percentiles {
  const sorted = sent.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
