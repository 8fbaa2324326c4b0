import type { Device } from '../wire.ts';
import { arrivalsOf, type Rates, RETRY_MS } from './faults.ts';
import { FifoRelay, NaiveTable } from './tables.ts';
import { type Action, type LabEvent, type Name, PEOPLE, World } from './world.ts';

export type LabPorts = {
  readonly run: string;
  readonly now: () => number;
  readonly random: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** Sends an event to the running instance, signed. Rejects if it is not accepted. `cut`: does not wait for the answer. */
  readonly send: (event: LabEvent, cut: boolean) => Promise<unknown>;
  /** Asks the running instance which devices get a push to these people. */
  readonly devices: (people: readonly Name[]) => Promise<readonly Device[]>;
};

/** People-seconds: `leaked`, a push would have shown on another person's phone; `missed`, a person would have seen none. */
export type Score = { leaked: number; missed: number };

/** An opinion about one phone. `on`: the person whose push it would show. */
export type Opinion = { readonly on: Name | undefined; readonly listed: readonly string[] };

/** Actions as often as they are done by chance: phones are mostly in use, and change hands. */
const OFTEN: readonly Action[] = [
  ...(['login', 'login', 'login', 'login', 'switch', 'switch', 'switch', 'logout', 'everywhere', 'reinstall'] as const),
];

export const SIDES = ['naive', 'fifo', 'ours'] as const;
export type Side = (typeof SIDES)[number];

/** A longer time since the last comparison is left out: a browser that shows another tab does not look (s). */
const MOST_SECONDS = 2;

/** Runs the same events into a plain table, into a FIFO relay in front of one, and into the running instance. */
export class Lab {
  readonly world: World;
  readonly scores: Readonly<Record<Side, Score>> = {
    naive: { leaked: 0, missed: 0 },
    fifo: { leaked: 0, missed: 0 },
    ours: { leaked: 0, missed: 0 },
  };
  /** People-seconds in which the registry still listed a phone, and its fence kept the push from the screen. */
  fenced = 0;
  /** Answers of the registry. */
  answers = 0;
  /** Seconds in which the registry gave no answer. A sender that gets none sends nothing. */
  unanswered = 0;
  readonly #ports: LabPorts;
  readonly #naive = new NaiveTable();
  readonly #fifo: FifoRelay;
  #devices: readonly Device[] | undefined = [];
  #acknowledged = new Set<string>();
  #comparedMs: number;

  constructor(ports: LabPorts) {
    this.#ports = ports;
    this.world = new World(ports.run, ports.random);
    this.#fifo = new FifoRelay(ports.pause);
    this.#comparedMs = ports.now();
  }

  /** Does one action. Default: one by chance. */
  act(rates: Rates, action?: Action): void {
    const { random, now } = this.#ports;
    const chosen = action ?? OFTEN[Math.floor(random() * OFTEN.length)] ?? 'login';
    for (const event of this.world.act(chosen, now())) {
      for (const { afterMs, crashes } of arrivalsOf(rates, random)) void this.#arrive(event, afterMs, crashes);
    }
  }

  async #arrive(event: LabEvent, afterMs: number, crashes: boolean): Promise<void> {
    const { pause, send } = this.#ports;
    await pause(afterMs);
    this.#fifo.apply(event, crashes);
    // The receiver has ended in the middle: what it had begun may be done or not. The sender tries again.
    if (crashes) {
      void send(event, true).catch(() => {});
      await pause(RETRY_MS);
    }
    this.#naive.apply(event);
    await this.#deliver(event);
  }

  /** Sends until it is accepted, as the client of a back end does. */
  async #deliver(event: LabEvent): Promise<void> {
    for (let tries = 0; tries < 5; tries += 1)
      try {
        await this.#ports.send(event, false);
        if (event.kind === 'login') this.#acknowledged.add(event.session);
        return;
      } catch {
        await this.#ports.pause(500);
      }
  }

  /** Asks the registry for its devices, which count until the next answer, however long that takes. */
  async ask(): Promise<void> {
    const known = new Set(this.#acknowledged);
    this.#devices = await this.#ports.devices(PEOPLE).catch(() => undefined);
    if (this.#devices === undefined) return;
    this.answers += 1;
    for (const { token, user, session } of this.world.phones) {
      const own = this.#devices.find((one) => one.token === token && one.account === user);
      if (own !== undefined && known.has(session)) this.world.passOn(session, own.fence);
    }
  }

  /** Compares all three with the truth, and adds the time since the last comparison, if the page has looked. */
  compare(): void {
    const nowMs = this.#ports.now();
    const seconds = (nowMs - this.#comparedMs) / 1000;
    this.#comparedMs = nowMs;
    if (seconds > MOST_SECONDS) return;
    if (this.#devices === undefined) this.unanswered += seconds;
    for (const side of SIDES) this.#add(this.scores[side], this.opinions(side), seconds);
    for (const [i, { listed }] of this.opinions('ours').entries())
      this.fenced += seconds * listed.filter((name) => name !== this.world.phones[i]?.user).length;
  }

  #add(score: Score, opinions: readonly Opinion[], seconds: number): void {
    for (const [i, { user }] of this.world.phones.entries()) {
      const on = opinions[i]?.on;
      if (on !== undefined && on !== user) score.leaked += seconds;
      if (user !== undefined && on !== user) score.missed += seconds;
    }
  }

  /** One for each phone. Ours: a phone shows a push only if its fence is that of the registry's answer. */
  opinions(side: Side): Opinion[] {
    return this.world.phones.map(({ token, fence }) => {
      if (side !== 'ours') {
        const on = (side === 'naive' ? this.#naive : this.#fifo).personOn(token);
        return { on, listed: on === undefined ? [] : [on] };
      }
      const listed = (this.#devices ?? []).filter((one) => one.token === token);
      const equal = listed.find((one) => one.fence === fence);
      return { on: PEOPLE.find((name) => name === equal?.account), listed: listed.map(({ account }) => account) };
    });
  }
}
