/** Chance that can be repeated: everything drawn follows from the seed. */
export type Random = {
  /** In [0, 1). */
  readonly next: () => number;
  /** A whole number in [0, n). */
  readonly below: (n: number) => number;
  readonly chance: (p: number) => boolean;
  readonly pick: <T>(items: readonly T[]) => T;
  /** Between the two, as often below 10 as between 10 and 100: what waits is mostly short and sometimes very long. */
  readonly logUniform: (least: number, most: number) => number;
  readonly shuffled: <T>(items: readonly T[]) => T[];
};

/** The generator mulberry32 (Tommy Ettinger, public domain), seeded through a hash so that neighbouring seeds differ. */
export function randomOf(seed: number): Random {
  let state = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b) ^ 0x9e3779b9;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (n: number) => Math.floor(next() * n);
  return {
    next,
    below,
    chance: (p) => next() < p,
    pick: (items) => present(items[below(items.length)]),
    logUniform: (least, most) => least * (most / least) ** next(),
    shuffled: (items) => {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = below(i + 1);
        const [a, b] = [present(copy[i]), present(copy[j])];
        copy[i] = b;
        copy[j] = a;
      }
      return copy;
    },
  };
}

/** Returns a value that must be there: its index or name was put in before. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a value that was put in was not there');
  return value;
}
