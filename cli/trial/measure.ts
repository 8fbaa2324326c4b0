import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Instance } from '../../local/description.ts';
import { UserError } from '../../local/user-error.ts';
import { bindingsAfter } from './events.ts';
import { type Progress, type Sent, sendAll } from './load.ts';
import { agreement, differing, type Observer, observerOf } from './observer.ts';
import { measureStale } from './stale.ts';

export type TrialOptions = {
  readonly events: number;
  readonly seconds: number;
  readonly tokens: number;
  /** The hosted API is down while events are sent, and each is sent to an app without a mirror too. */
  readonly isDown: boolean;
  /** False: the API stays down, and the trial does not wait for agreement. Default: true. */
  readonly isAwaited?: boolean;
  /** The APIs must still agree so long after they first do (s). */
  readonly settleS: number;
  /** The longest wait for agreement (s). */
  readonly waitS: number;
};

type Counts = Readonly<Record<string, number>>;
type Percentiles = { readonly p50: number; readonly p99: number };

export type Trial = {
  readonly tokens: number;
  /** Tokens on which the two APIs, or Bindery and the events that were sent, differ in the end. */
  readonly different: number;
  readonly convergedMs: number;
  readonly calls: { readonly operate: number; readonly query: number };
  readonly callsPerEvent: number;
  readonly exposure: { readonly meanMs: number; readonly longestMs: number };
  /**
   * Answers by status. `alike`: of the pairs, events that both apps accepted or answered with the same status. 200 and 202
   * both mean accepted: which of them it is depends on the load of the machine.
   */
  readonly statuses: { mirrored: Counts; unmirrored: Counts; alike: number; pairs: number };
  readonly latency: { readonly mirrored: Percentiles; readonly unmirrored?: Percentiles };
};

/** Sends events under the current faults, ends the faults, waits for agreement, and sets the faults again. */
export async function measure(instance: Instance, options: TrialOptions): Promise<Trial> {
  const observer = observerOf(instance);
  const { faults, isDown } = await observer.control();
  try {
    return await measureWith(instance, observer, options);
  } finally {
    await observer.control({ faults, isDown });
    observer.close();
  }
}

async function measureWith(instance: Instance, observer: Observer, options: TrialOptions): Promise<Trial> {
  const { events, seconds, isDown, isAwaited = true } = options;
  const run = randomUUID().slice(0, 8);
  const tokens = Array.from({ length: options.tokens }, (_, i) => `trial-${run}-${i}`);
  const progress: Progress = { begun: [], sent: [] };
  const before = await observer.calls();
  await observer.control({ isDown });
  const sampling = new AbortController();
  const measuring = measureStale(observer, tokens, progress, sampling.signal);
  await sendAll(instance, { events, seconds, tokens, apps: appsOf(instance, observer, isDown) }, progress);
  await observer.control({ faults: [], isDown: isDown && !isAwaited });
  const calmMs = performance.now();
  const apart = isAwaited ? await agreement(observer, tokens, options.waitS * 1000) : [];
  const convergedMs = performance.now() - calmMs;
  sampling.abort();
  const exposure = await measuring;
  const calls = await observer.calls();
  const different = apart.length > 0 || !isAwaited ? apart : await stillDifferent(observer, tokens, progress, options);
  const made = { operate: calls.operate - before.operate, query: calls.query - before.query };
  return {
    tokens: tokens.length,
    different: different.length,
    convergedMs,
    calls: made,
    callsPerEvent: (made.operate + made.query) / events,
    exposure: { meanMs: exposure.totalMs / events, longestMs: exposure.longestMs },
    ...answersOf(progress.sent, observer.app),
  };
}

/** Returns the mirrored app, and with `isDown` an app without a mirror to compare with. */
function appsOf({ apps }: Instance, { app }: Observer, isDown: boolean): string[] {
  if (!isDown) return [app];
  const other = apps.find(({ mirrored }) => !mirrored);
  if (other === undefined) throw new UserError('there is no app without a mirror to compare with');
  return [app, other.id];
}

/** Compares again, also with the sent events, when no call can be under way any more. */
async function stillDifferent(
  observer: Observer,
  tokens: readonly string[],
  { begun }: Progress,
  { settleS }: TrialOptions,
): Promise<string[]> {
  await setTimeout(settleS * 1000);
  const { own, hosted } = await observer.bindings(tokens);
  const sent = bindingsAfter(begun);
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
