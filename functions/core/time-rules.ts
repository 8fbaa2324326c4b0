import { HORIZON_MS } from './compaction.ts';

/** How far ahead of our clock a bind's own time may be (ms). */
export const FUTURE_MS = 5_000;

/**
 * What an event's own time (ms since 1970) allows. A bind from the future is refused, never moved: moved, each retry
 * would get a time of its own, and a retried login would win against the logout. A removal is never refused for its
 * time; one from the future takes effect now, or it would forbid every login until then.
 */
export function timeFor(
  effect: 'binds' | 'removes',
  ms: number,
  nowMs: number,
): { ms: number } | { refused: 'future' | 'too old' } {
  const isFuture = ms > nowMs + FUTURE_MS;
  if (effect === 'removes') return { ms: isFuture ? nowMs : Math.max(ms, 0) };
  if (isFuture) return { refused: 'future' };
  return ms < nowMs - HORIZON_MS ? { refused: 'too old' } : { ms };
}
