import { setTimeout } from 'node:timers/promises';
import type { Account, Bindery, Device } from '../client/bindery.ts';

/**
 * The answer of a push service to one message. `gone`: the token is dead since `at`. `later`: the service is busy. `failed`:
 * another try would fail too.
 */
export type Answer =
  | { readonly kind: 'sent' }
  | { readonly kind: 'gone'; readonly at: Date }
  | { readonly kind: 'later'; readonly afterMs?: number | undefined }
  | { readonly kind: 'failed'; readonly reason: string };

/** Sends one message. `resolvedAt`: a time at which the device was bound, for a service that names no time. */
export type SendOne = (device: Device, resolvedAt: Date) => Promise<Answer>;

export type Delivery = {
  readonly bindery: Pick<Bindery, 'resolvePages' | 'gone'>;
  /** The apps of the push service in `bindery.json`. */
  readonly apps: readonly string[];
  readonly sendOne: SendOne;
  /** Waits before another try. Default: the system's timer. */
  readonly pause?: (ms: number) => Promise<unknown>;
};

/**
 * Counts of messages. `later`: the service stayed busy. Send these again, and resolve again before. `unreported`: of those
 * that are gone. The service names them again at the next message.
 */
export type Report = { sent: number; gone: number; later: number; failed: number; unreported: number };

/** Tries for one message. More would send it to a person who may have left meanwhile. */
const TRIES = 4;

/** The longest wait for another try (ms). */
const LONGEST_MS = 10_000;

/** Messages on their way at a time, and tokens in one report: both lists may have 100. */
const AT_ONCE = 100;

/** Messages still go out while events are not accepted. */
const SUCCEEDED = [() => true, () => false] as const;

/** Sends a message to all devices of accounts, as they are now, and reports the tokens that are gone. */
export async function deliver(delivery: Delivery, accounts: readonly Account[]): Promise<Report> {
  const { bindery, apps, pause = setTimeout } = delivery;
  const report: Report = { sent: 0, gone: 0, later: 0, failed: 0, unreported: 0 };
  let resolvedAt = new Date();
  for await (const page of bindery.resolvePages(accounts, { apps })) {
    const devices = page.flatMap((one) => one.devices);
    for (let first = 0; first < devices.length; first += AT_ONCE) {
      const some = devices.slice(first, first + AT_ONCE);
      const answers = await Promise.all(some.map((device) => tried(delivery.sendOne, device, resolvedAt, pause)));
      for (const { kind } of answers) report[kind] += 1;
      const gone = some.flatMap(({ app, token }, i) => {
        const answer = answers[i];
        return answer?.kind === 'gone' ? [{ app, token, at: answer.at }] : [];
      });
      const isReported = gone.length === 0 || (await bindery.gone(gone).then(...SUCCEEDED));
      if (!isReported) report.unreported += gone.length;
    }
    resolvedAt = new Date();
  }
  return report;
}

async function tried(sendOne: SendOne, device: Device, resolvedAt: Date, pause: NonNullable<Delivery['pause']>) {
  for (let tries = 1; ; tries++) {
    const answer = await sendOne(device, resolvedAt);
    const growingMs = 500 * 2 ** tries * (1 + Math.random());
    const afterMs = answer.kind === 'later' ? (answer.afterMs ?? growingMs) : LONGEST_MS;
    if (answer.kind !== 'later' || tries === TRIES || afterMs > LONGEST_MS) return answer;
    await pause(afterMs);
  }
}

/** Returns `Retry-After` in milliseconds; undefined if there is none in seconds. */
export const retryAfterMs = (header: string | null | undefined): number | undefined =>
  header && /^\d+$/.test(header) ? Number(header) * 1000 : undefined;
