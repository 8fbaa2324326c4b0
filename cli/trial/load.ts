import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Instance } from '../../local/description.ts';
import { takingTurns } from '../../local/lambda/invoke.ts';
import { post, signerOf } from '../target.ts';
import { bodyOf, type TrialEvent, trialChanges } from './events.ts';

export type Load = {
  readonly events: number;
  readonly seconds: number;
  readonly tokens: readonly string[];
  /** Each event is sent to each of these apps, one after the other. The apps take turns in being first. */
  readonly apps: readonly string[];
};

/** The answer to one event for one app. */
export type Sent = {
  readonly event: TrialEvent;
  readonly app: string;
  readonly status: number;
  readonly tookMs: number;
};

/** Events so far. Those in `begun` may be applied already, those in `sent` are answered. */
export type Progress = { readonly begun: TrialEvent[]; readonly sent: Sent[] };

const SENDERS = 32;

/** Sends signed events, spread over the time. Those of a burst are sent at once. */
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
      // Never two events at one millisecond: their stamps would decide which is later, and the trial does not know them.
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
  const headers = await signerOf(source?.secret ?? '')({ id: `msg_${randomUUID()}`, body }, Date.now());
  return (await post(`${url}/events/${source?.id}`, headers, body)).status;
}
