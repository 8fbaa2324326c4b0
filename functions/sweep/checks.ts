import type { AppId } from '../core/configuration.ts';
import { momentsOf } from '../core/document.ts';
import { horizonAt } from '../core/merge.ts';
import { orUnavailable } from '../core/outcome.ts';
import { AT_ONCE, inParallel } from '../core/parallel.ts';
import { asIssued, beginningOf, leaseOf, msOf } from '../core/stamp.ts';
import type { HashedAccount, RegistryStore, TokenRef } from '../core/store.ts';
import { type Check, TOKENS_A_QUERY } from '../mirror/mark.ts';
import type { MirrorStore } from '../mirror/state.ts';
import { nameOf, type WatermarksByAccount } from './collect.ts';
import type { Page, SweepItem } from './store.ts';

/** A token is verified every day for this long after a write (ms). Of all others, a random share is. */
const CHANGED_MS = 3 * 86_400_000;
const SAMPLED = 0.02;

export type CheckChoice = {
  readonly mirrored: ReadonlySet<AppId>;
  readonly nowMs: number;
  /** In [0, 1). */
  readonly chance: () => number;
};

/**
 * Returns the tokens of a page to verify: those that changed lately, and a sample of the others. A removal of all of an
 * account's tokens is a change too, though no document shows it. Old events may arrive late: the time of the write counts.
 */
export function tokensToCheck(
  { items }: Page,
  watermarks: WatermarksByAccount,
  { mirrored, nowMs, chance }: CheckChoice,
): TokenRef[] {
  const since = nowMs - CHANGED_MS;
  return items.flatMap((item): TokenRef[] => {
    if (item.kind === 'unreadable' || !mirrored.has(item.ref.app)) return [];
    if (item.kind === 'document') return isNewDocument(item, since) || chance() < SAMPLED ? [item.ref] : [];
    return item.kind === 'pointer' && wasLost(item, watermarks, since)
      ? [{ app: item.ref.app, token: item.token }]
      : [];
  });
}

type PointerItem = { readonly ref: HashedAccount; readonly edge: string };

/** A pointer does not name the session of its bind: if any session has ended lately the token is checked. */
function wasLost({ ref, edge }: PointerItem, watermarks: WatermarksByAccount, since: number): boolean {
  const known = watermarks.get(nameOf(ref));
  if (known === undefined || !isNew(known, momentsOf(known.watermark), since)) return false;
  const { removal, ...sessions } = known.watermark;
  return asIssued(edge) <= removal || momentsOf({ ...sessions, removal: '' }).some((moment) => moment !== '');
}

/** Tests that the document was written since then, or that a lease in it has ended. */
const isNewDocument = (item: Extract<SweepItem, { kind: 'document' }>, since: number): boolean =>
  isNew(item, momentsOf(item.stored.document), since) ||
  Object.values(item.stored.document.edges).some((edge) => (leaseOf(edge) ?? 0) >= since);

/** An item of an earlier version does not say when it was written: the times of its events must do. */
const isNew = ({ writtenMs }: { writtenMs?: number }, moments: readonly string[], since: number): boolean =>
  writtenMs === undefined ? moments.some((one) => msOf(one) >= since) : writtenMs >= since;

export type CheckSenderPorts = {
  /** Has tokens verified after `delayS` (0 to 900). May reject with `Unavailable`. */
  readonly check: (app: AppId, checks: readonly Check[], delayS: number) => Promise<void>;
  /** The request id in the log of `verify`. */
  readonly id: string;
  /** Counts the tokens sent, and those that a queue did not take. */
  readonly counts: { checks: number; unsent: number };
};

/** Sends checks in messages of one query's tokens. `flush` sends the rest. */
export type CheckSender = {
  readonly add: (refs: readonly TokenRef[]) => Promise<void>;
  readonly flush: () => Promise<void>;
};

/**
 * A queue that takes no checks delays neither the other queues nor the deletes. Its tokens changed within days, or are a
 * sample: the sweep of the next day chooses them or others again.
 */
export function checkSender({ check, id, counts }: CheckSenderPorts): CheckSender {
  const waiting = new Map<AppId, TokenRef[]>();
  let messages = 0;
  const send = async (app: AppId, refs: readonly TokenRef[]) => {
    const checks = refs.map(({ token }) => ({ token, id }));
    const failure = await orUnavailable(() => check(app, checks, delayOf(messages++)));
    counts[failure ? 'unsent' : 'checks'] += refs.length;
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
  };
}

/** The longest delay of a message in SQS (s). */
const LONGEST_DELAY_S = 900;

/** A step near the golden section of the longest delay: any number of messages gets evenly spread delays. */
const STEP = 557;

const delayOf = (message: number): number => (message * STEP) % (LONGEST_DELAY_S + 1);

export type StatesPorts = {
  readonly registry: RegistryStore;
  readonly states: MirrorStore;
  readonly mirrored: ReadonlySet<AppId>;
  readonly now: () => number;
};

type State = Extract<SweepItem, { kind: 'state' }>;

/**
 * Finds states that name accounts though the registry has no document of the token. The hosted API may still bind them:
 * the token is checked, and its state can expire once the check finds no accounts. A state without a check, because
 * the hosted API refuses the token or the app has no mirror any more, loses its accounts after the horizon.
 */
export async function forgottenStates(
  ports: StatesPorts,
  page: Page,
): Promise<{ check: readonly TokenRef[]; forgotten: number }> {
  const named = page.items.filter((item) => item.kind === 'state').filter(({ stored }) => stored.state.seen.length > 0);
  const alone = await withoutDocument(ports, page, named);
  const isChecked = ({ ref, stored }: State) => ports.mirrored.has(ref.app) && stored.state.dropped === undefined;
  const horizon = horizonAt(ports.now());
  const old = alone.filter((one) => !isChecked(one) && beginningOf(one.stored.state.pushedMs) < horizon);
  const written = await inParallel(old, AT_ONCE, ({ ref, stored: { state, version } }) => {
    const { pushedMs, misses, dropped } = state;
    const rest = { seen: [], pushedMs, misses, ...(dropped !== undefined && { dropped }) };
    return ports.states.writeState(ref.app, ref.token, rest, version);
  });
  return { check: alone.filter(isChecked).map(({ ref }) => ref), forgotten: written.filter(Boolean).length };
}

/** The states whose token has no document, and all states of apps without a mirror. */
async function withoutDocument(
  { registry, mirrored }: StatesPorts,
  { items }: Page,
  states: readonly State[],
): Promise<State[]> {
  const nameOf = ({ app, token }: TokenRef) => `${app}#${token}`;
  const documented = new Set(items.filter((item) => item.kind === 'document').map(({ ref }) => nameOf(ref)));
  const alone = states.filter(({ ref }) => mirrored.has(ref.app) && !documented.has(nameOf(ref)));
  const documents = await registry.documents(alone.map(({ ref }) => ref));
  return [...states.filter(({ ref }) => !mirrored.has(ref.app)), ...alone.filter((_, i) => documents[i] === undefined)];
}
