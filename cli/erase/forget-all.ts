import type { AppId } from '../../functions/core/configuration.ts';
import { orUnavailable } from '../../functions/core/outcome.ts';
import { AT_ONCE, inParallel } from '../../functions/core/parallel.ts';
import type { AccountRef } from '../../functions/core/store.ts';
import type { MirrorStore } from '../../functions/mirror/state.ts';
import type { Found, NamedState } from './find.ts';
import { type ForgetPorts, forgetIn } from './forget.ts';

/** Takes the accounts out of all documents that name them. Returns the number of those that name none any more. */
export async function forgetDocuments(
  ports: ForgetPorts,
  { documents }: Found,
  accounts: readonly AccountRef[],
): Promise<number> {
  const done = await inParallel(documents, AT_ONCE, async ({ ref }) => {
    // An item that cannot be read is counted at the end, and stops no other.
    const isForgotten = await orUnavailable(() => forgetIn(ports, ref, accounts));
    return isForgotten === true;
  });
  return done.filter(Boolean).length;
}

/**
 * Takes the accounts out of the states of mirrors that are compared no more: the hosted API refuses the token, or the app has
 * no mirror. All others need the names to unbind them there, and lose them by the comparison after that.
 */
export async function forgetStates(
  states: MirrorStore,
  found: readonly NamedState[],
  mirrored: ReadonlySet<AppId>,
  ids: readonly string[],
): Promise<number> {
  const idle = found.filter(({ ref, stored }) => !mirrored.has(ref.app) || stored.state.dropped !== undefined);
  const done = await inParallel(idle, AT_ONCE, ({ ref, stored: { state, version } }) => {
    const { pushed: _, ...rest } = state;
    const seen = state.seen.filter((key) => !ids.includes(key.slice(key.indexOf('#') + 1)));
    return states.writeState(ref.app, ref.token, { ...rest, seen }, version);
  });
  return done.filter(Boolean).length;
}
