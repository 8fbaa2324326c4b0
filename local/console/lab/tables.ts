import { RETRY_MS } from './faults.ts';
import type { LabEvent, Name } from './world.ts';

/** A table of tokens as most back ends have it: the last arrival wins. */
export class NaiveTable {
  readonly #people = new Map<string, Name>();

  apply(event: LabEvent): void {
    if (event.kind === 'login') this.#people.set(event.token, event.person);
    else if (event.kind === 'logout') this.#people.delete(event.token);
    else for (const [token, person] of this.#people) if (person === event.person) this.#people.delete(token);
  }

  personOn = (token: string): Name | undefined => this.#people.get(token);
}

/**
 * A FIFO queue in front of such a table: a group for each token, copies dropped by their id. After a crash the group waits
 * until the message is delivered again. It keeps the order of arrival, which is not the order of what happened.
 */
export class FifoRelay {
  readonly #table = new NaiveTable();
  readonly #seen = new Set<string>();
  readonly #groups = new Map<string, Promise<void>>();
  readonly #pause: (ms: number) => Promise<void>;

  constructor(pause: (ms: number) => Promise<void>) {
    this.#pause = pause;
  }

  apply(event: LabEvent, crashes: boolean): void {
    if (this.#seen.has(event.id)) return;
    this.#seen.add(event.id);
    const group = event.kind === 'everywhere' ? event.person : event.token;
    const before = this.#groups.get(group);
    const work = async () => {
      await before;
      if (crashes) await this.#pause(RETRY_MS);
      this.#table.apply(event);
    };
    if (before === undefined && !crashes) this.#table.apply(event);
    else this.#groups.set(group, work());
  }

  personOn = (token: string): Name | undefined => this.#table.personOn(token);
}
