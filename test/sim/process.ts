/** Something that runs until it ends or dies. Nothing a dead one waits for ever comes. */
export type Process = {
  /** Resolves now, or never if the process has died. */
  readonly survives: () => Promise<void>;
  readonly die: () => void;
  /** Resolves when the process dies. */
  readonly death: Promise<'dead'>;
};

export function born(): Process {
  let isAlive = true;
  const { promise: death, resolve } = Promise.withResolvers<'dead'>();
  return {
    death,
    survives: () => (isAlive ? Promise.resolve() : new Promise(() => {})),
    die: () => {
      isAlive = false;
      resolve('dead');
    },
  };
}
