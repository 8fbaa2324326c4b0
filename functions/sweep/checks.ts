import type { AppId } from '../core/configuration.ts';
import { momentsOf } from '../core/document.ts';
import { horizonAt } from '../core/merge.ts';
import { orUnavailable } from '../core/outcome.ts';
import { inParallel } from '../core/parallel.ts';
import { beginningOf, msOf } from '../core/stamp.ts';
import type { AccountRef, RegistryStore, Stored, TokenRef } from '../core/store.ts';
import type { Check } from '../mirror/mark.ts';
import { TOKENS_A_QUERY } from '../mirror/mark.ts';
import type { MirrorStore } from '../mirror/state.ts';
import { type ClearsByAccount, nameOf } from './collect.ts';
import type { Page, SweepItem } from './store.ts';

/** A token is compared every day for this long after it changed (ms), the rest by chance. */
const CHANGED_MS = 3 * 86_400_000;
const SAMPLED = 0.02;

export type Choice = {
  readonly mirrored: ReadonlySet<AppId>;
  readonly nowMs: number;
  /** In [0, 1). */
  readonly chance: () => number;
};

/**
 * The tokens of a page to compare with their hosted sides: those that changed of late, also by a removal of all of an
 * account's tokens, which no document shows, and a sample of the rest.
 */
export function chosen({ items }: Page, clears: ClearsByAccount, { mirrored, nowMs, chance }: Choice): TokenRef[] {
  const since = nowMs - CHANGED_MS;
  return items.flatMap((item): TokenRef[] => {
    if (item.kind === 'unreadable' || !mirrored.has(item.ref.app)) return [];
    if (item.kind === 'document') return isNew(item.stored, since) || chance() < SAMPLED ? [item.ref] : [];
    return item.kind === 'pointer' && wasLost(item, clears, since) ? [{ app: item.ref.app, token: item.token }] : [];
  });
}

function wasLost({ ref, edge }: { ref: AccountRef; edge: string }, clears: ClearsByAccount, since: number): boolean {
  const clear = clears.get(nameOf(ref)) ?? '';
  return edge <= clear && msOf(clear) >= since;
}

const isNew = ({ document }: Stored, since: number): boolean => momentsOf(document).some((one) => msOf(one) >= since);

export type SenderPorts = {
  /** Has tokens compared after `delayS` (0 to 900). May reject with `Unavailable`. */
  readonly check: (app: AppId, checks: readonly Check[], delayS: number) => Promise<void>;
  /** What the log of `verify` names as the request. */
  readonly id: string;
};

/** Sends checks in messages of one query each; the last ones when told to. Says how many went, and how many could not. */
export type Sender = {
  readonly add: (refs: readonly TokenRef[]) => Promise<void>;
  readonly flush: () => Promise<void>;
  readonly counts: () => { readonly checks: number; readonly unsent: number };
};

/**
 * A queue that takes no checks holds up neither the others nor the collecting: its tokens changed within days, or are a
 * sample, and come again tomorrow.
 */
export function sender({ check, id }: SenderPorts): Sender {
  const waiting = new Map<AppId, TokenRef[]>();
  let [messages, checks, unsent] = [0, 0, 0];
  const send = async (app: AppId, refs: readonly TokenRef[]) => {
    const some = refs.map(({ token }) => ({ token, id }));
    const failed = await orUnavailable(() => check(app, some, delayOf(messages++)));
    if (failed) unsent += refs.length;
    else checks += refs.length;
  };
  const sendAll = async (least: number) => {
    for (const [app, refs] of waiting) while (refs.length >= least) await send(app, refs.splice(0, TOKENS_A_QUERY));
  };
  return {
    add: async (refs) => {
      for (const ref of refs) waiting.set(ref.app, [...(waiting.get(ref.app) ?? []), ref]);
      await sendAll(TOKENS_A_QUERY);
    },
    flush: () => sendAll(1),
    counts: () => ({ checks, unsent }),
  };
}

/** The longest SQS delays a message (s). */
const LONGEST_DELAY_S = 900;

/** A step near the golden section of all delays: however many messages there are, their delays are spread evenly. */
const STEP = 557;

const delayOf = (message: number): number => (message * STEP) % (LONGEST_DELAY_S + 1);

export type StatesPorts = {
  readonly registry: RegistryStore;
  readonly states: MirrorStore;
  readonly mirrored: ReadonlySet<AppId>;
  readonly now: () => number;
};

type State = Extract<SweepItem, { kind: 'state' }>;

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
