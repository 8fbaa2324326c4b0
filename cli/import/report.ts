import { digestOf } from '../../functions/core/stamp.ts';
import type { ListedBind } from './operation.ts';

/** Counts of an import. Reasons never quote a line. */
export class Report {
  lines = 0;
  binds = 0;
  untimed = 0;
  readonly apps = new Map<string, number>();
  readonly skipped = new Map<string, number>();
  /** The faults, each with the first line that has it. */
  readonly faults = new Map<string, { count: number; line: number }>();
  readonly #duplicates = new Duplicates();

  bind(bind: ListedBind): void {
    this.binds += 1;
    this.apps.set(bind.app.id, (this.apps.get(bind.app.id) ?? 0) + 1);
    if (bind.boundMs === undefined) this.untimed += 1;
    this.#duplicates.add(bind);
  }

  skip(reason: string): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
  }

  fault(reason: string, line: number): void {
    const known = this.faults.get(reason);
    this.faults.set(reason, { count: (known?.count ?? 0) + 1, line: known?.line ?? line });
  }

  get duplicates(): number {
    return this.#duplicates.count;
  }

  rows(): string[][] {
    const count = (number: number) => number.toLocaleString('en');
    return [
      ['lines', count(this.lines)],
      ['binds', count(this.binds)],
      ...[...this.apps].map(([app, number]) => [`  ${app}`, count(number)]),
      ['duplicates', `${count(this.duplicates)} or more`],
      ['binds without a time', count(this.untimed)],
      ['left out', count(sum(this.skipped.values()))],
      ...[...this.skipped].map(([reason, number]) => [`  ${reason}`, count(number)]),
      ['lines with a fault', count(sum([...this.faults.values()].map((one) => one.count)))],
      ...[...this.faults].map(([reason, { count: number, line }]) => [
        `  ${reason}`,
        `${count(number)}, first in line ${line}`,
      ]),
    ];
  }

  json(): string {
    const { lines, binds, duplicates, untimed } = this;
    const byName = ({ apps, skipped, faults }: Report) => ({
      apps: Object.fromEntries(apps),
      skipped: Object.fromEntries(skipped),
      faults: Object.fromEntries([...faults].map(([reason, { count }]) => [reason, count])),
    });
    return JSON.stringify({ lines, binds, duplicates, untimed, ...byName(this) });
  }
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

/** Binds that the counter remembers: 8 MB, however long the list is. */
const SLOTS = 2 ** 20;

/** Counts binds that came before. It forgets the older of two in one slot, so there may be more of them. */
class Duplicates {
  count = 0;
  readonly #seen = new BigUint64Array(SLOTS);

  add({ app, token, account }: ListedBind): void {
    const digest = BigInt(`0x${digestOf(app.id, token, account).slice(0, 16)}`);
    const slot = Number(digest % BigInt(SLOTS));
    if (this.#seen[slot] === digest) this.count += 1;
    this.#seen[slot] = digest;
  }
}
