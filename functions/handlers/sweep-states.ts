import { horizonAt } from '../core/compaction.ts';
import type { AppId } from '../core/configuration.ts';
import { inParallel } from '../core/in-parallel.ts';
import type { MirrorStore } from '../core/mirror-store.ts';
import type { RegistryStore, TokenRef } from '../core/registry-store.ts';
import { beginningOf } from '../core/stamp.ts';
import type { Page, SweptItem } from '../core/sweep-store.ts';

export type StatesPorts = {
  readonly registry: RegistryStore;
  readonly states: MirrorStore;
  readonly mirrored: ReadonlySet<AppId>;
  readonly now: () => number;
};

type State = Extract<SweptItem, { kind: 'state' }>;

/** States written at a time. */
const AT_ONCE = 16;

/**
 * States that name accounts though the registry has forgotten the token. The hosted side may still hold it: it is
 * compared, and the state is over once it is found empty. Where nobody will compare it, the hosted side having dropped
 * the token or the app its mirror, the state forgets the accounts after the horizon; then it expires like any other.
 */
export async function leftovers(
  ports: StatesPorts,
  page: Page,
): Promise<{ compare: readonly TokenRef[]; forgotten: number }> {
  const held = page.items.filter((item) => item.kind === 'state').filter(({ stored }) => stored.state.seen.length > 0);
  const gone = await goneOf(ports, page, held);
  const isCompared = ({ ref, stored }: State) => ports.mirrored.has(ref.app) && stored.state.dropped === undefined;
  const horizon = horizonAt(ports.now());
  const forgettable = gone.filter((one) => !isCompared(one) && beginningOf(one.stored.state.pushedMs) < horizon);
  let forgotten = 0;
  await inParallel(forgettable, AT_ONCE, async ({ ref, stored: { state, version } }) => {
    const { pushedMs, misses, dropped } = state;
    const rest = { seen: [], pushedMs, misses, ...(dropped !== undefined && { dropped }) };
    if (await ports.states.writeState(ref.app, ref.token, rest, version)) forgotten++;
  });
  return { compare: gone.filter(isCompared).map(({ ref }) => ref), forgotten };
}

/** Those whose token has no document, and those of apps without a mirror. */
async function goneOf({ registry, mirrored }: StatesPorts, { items }: Page, held: readonly State[]): Promise<State[]> {
  const nameOf = ({ app, token }: TokenRef) => `${app}#${token}`;
  const documented = new Set(items.filter((item) => item.kind === 'document').map(({ ref }) => nameOf(ref)));
  const alone = held.filter(({ ref }) => mirrored.has(ref.app) && !documented.has(nameOf(ref)));
  const documents = await registry.documents(alone.map(({ ref }) => ref));
  return [...held.filter(({ ref }) => !mirrored.has(ref.app)), ...alone.filter((_, i) => documents[i] === undefined)];
}
