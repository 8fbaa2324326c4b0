/**
 * A token bucket: `perS` a second in the long run, up to a second's worth at once. Says how long (ms) to wait before the
 * next call; whoever asks has taken its place.
 */
export function pace(perS: number, now: () => number): () => number {
  const intervalMs = 1000 / perS;
  let next = Number.NEGATIVE_INFINITY;
  return () => {
    const at = now();
    const start = Math.max(next, at - Math.max(0, 1000 - intervalMs));
    next = start + intervalMs;
    return Math.max(0, start - at);
  };
}
