import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Instance } from '../../local/description.ts';
import { takingTurns } from '../../local/lambda/invoke.ts';
import { post, signedHeaders } from '../target.ts';
import { bodyOf, type TrialEvent, trialChanges } from './events.ts';
import { differing, type Sides } from './sides.ts';

export type Load = {
  readonly events: number;
  readonly seconds: number;
  readonly tokens: readonly string[];
  /** Every event is sent to each of these apps, one after the other, and which comes first takes turns. */
  readonly apps: readonly string[];
};

/** One event as one app's part of it was answered. */
export type Sent = {
  readonly event: TrialEvent;
  readonly app: string;
  readonly status: number;
  readonly tookMs: number;
};

/** What has been sent so far: `begun` is whatever may already be in effect. */
export type Progress = { readonly begun: TrialEvent[]; readonly sent: Sent[] };

const SENDERS = 32;

/** Sends signed events, spread over the time; those of a burst at once. */
export async function sendAll(instance: Instance, load: Load, progress: Progress): Promise<void> {
  const inTurn = takingTurns(SENDERS);
  const sending: Promise<void>[] = [];
  const startMs = Date.now();
  let lastMs = 0;
  for (const group of trialChanges(load.tokens)) {
    const left = load.events - progress.begun.length;
    if (left <= 0) break;
    const due = startMs + (progress.begun.length / load.events) * load.seconds * 1000;
    await setTimeout(Math.max(0, due - Date.now()));
    for (const change of group.slice(0, left)) {
      // No two at one millisecond: which of them is later would be the stamps' business, and not known here.
      lastMs = Math.max(Date.now(), lastMs + 1);
      const event = { ms: lastMs, change };
      progress.begun.push(event);
      sending.push(inTurn(() => sendTo(instance, load, progress, event)));
    }
  }
  await Promise.all(sending);
}

async function sendTo(instance: Instance, { apps }: Load, progress: Progress, event: TrialEvent): Promise<void> {
  const order = progress.sent.length % 2 === 0 ? apps : apps.toReversed();
  for (const app of order) {
    const start = performance.now();
    const status = await send(instance, bodyOf(event, app));
    progress.sent.push({ event, app, status, tookMs: performance.now() - start });
  }
}

async function send({ url, sources: [source] }: Instance, event: object): Promise<number> {
  const body = JSON.stringify(event);
  const headers = signedHeaders(source?.secret ?? '', { id: `msg_${randomUUID()}`, body, now: new Date() });
  return (await post(`${url}/events/${source?.id}`, headers, body)).status;
}

/** Between two looks at both sides (ms). */
const LOOK_MS = 500;

/** Waits until nothing is under way and both sides agree on every token; then answers with the tokens that still differ. */
export async function agreement(sides: Sides, tokens: readonly string[], waitMs: number): Promise<string[]> {
  const end = performance.now() + waitMs;
  for (;;) {
    const different = await look(sides, tokens);
    if (different?.length === 0) return [];
    if (performance.now() > end) return different ?? [...tokens];
    await setTimeout(LOOK_MS);
  }
}

async function look(sides: Sides, tokens: readonly string[]): Promise<string[] | undefined> {
  if ((await sides.underWay()) > 0) return undefined;
  const { own, hosted } = await sides.held(tokens);
  return differing(tokens, own, hosted);
}
