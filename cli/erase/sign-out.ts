import { accountKey } from '../../functions/core/account.ts';
import type { Operation, Origin } from '../../functions/core/operation.ts';
import { readable } from '../../functions/core/outcome.ts';
import { AT_ONCE, chunksOf, inParallel } from '../../functions/core/parallel.ts';
import { eventHash, msOf, removalAt, type Stamp, stampOf } from '../../functions/core/stamp.ts';
import type { AccountRef, RegistryStore } from '../../functions/core/store.ts';
import { accountTime, momentAfter } from '../../functions/core/time.ts';
import type { Found } from './find.ts';

export type SignOutPorts = {
  readonly registry: RegistryStore;
  /** Puts operations on the queue. */
  readonly enqueue: (origin: Origin, operations: readonly Operation[]) => Promise<unknown>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
};

/** The sign-out of an account in one app. */
export type SignOut = { readonly ref: AccountRef; readonly stamp: Stamp };

/** The ids of the messages, and what they sign out. */
export type SignedOut = { readonly ids: readonly string[]; readonly signOuts: readonly SignOut[] };

/** Operations in one message, so that it stays far below SQS's limit. */
const IN_A_MESSAGE = 500;

/**
 * Puts a sign-out everywhere of each account on the queue, later than all that the registry knows of it. So no event from
 * before binds it again, however late it comes; a live sign-in does.
 */
export async function signOut(
  { registry, enqueue, now }: SignOutPorts,
  accounts: readonly AccountRef[],
  { documents }: Found,
  id: string,
): Promise<SignedOut> {
  const nowMs = now();
  const moments = documents.flatMap(({ accounts }) => accounts.map(({ edge }) => edge));
  const signOuts = await inParallel(accounts, AT_ONCE, async (ref): Promise<SignOut> => {
    const { ms } = await accountTime(registry, nowMs, ref, Number.POSITIVE_INFINITY);
    const hash = eventHash('erase', id, ref.app, accountKey(ref.account));
    return { ref, stamp: stampOf('unbindAccountFromAll', momentAfter(ms, moments), hash) };
  });
  const ids: string[] = [];
  for (const [i, some] of [...chunksOf(signOuts, IN_A_MESSAGE)].entries()) {
    const origin = { id: `${id}-${i}`, from: 'erase', acceptedMs: nowMs };
    ids.push(origin.id);
    await enqueue(
      origin,
      some.map(({ ref, stamp }) => ({ kind: 'unbindAccountFromAll', ...ref, stamp })),
    );
  }
  return { ids, signOuts };
}

/** The longest wait between two looks (ms). */
const LOOK_MS = 2_000;

/** Waits until all sign-outs are in effect. Returns false past `longestMs`. */
export async function areInEffect(
  { registry, now, sleep }: SignOutPorts,
  signOuts: readonly SignOut[],
  longestMs: number,
  onWait: (left: number) => void,
): Promise<boolean> {
  const endMs = now() + longestMs;
  for (let waitMs = 100; ; waitMs = Math.min(2 * waitMs, LOOK_MS)) {
    const left = await notInEffect(registry, signOuts);
    if (left.length === 0) return true;
    if (now() > endMs) return false;
    onWait(left.length);
    await sleep(waitMs);
  }
}

/** The sign-outs that no watermark has. */
export async function notInEffect(registry: RegistryStore, signOuts: readonly SignOut[]): Promise<SignOut[]> {
  const marks = await registry.watermarks(signOuts.map(({ ref }) => ref));
  return signOuts.filter(({ stamp }, i) => (readable(marks[i])?.watermark.removal ?? '') < removalAt(stamp));
}

export const signedOutMs = ({ stamp }: SignOut): number => msOf(stamp);
