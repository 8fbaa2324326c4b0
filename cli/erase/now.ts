import { accountDigest } from '../../functions/core/store.ts';
import { UserError } from '../../local/user-error.ts';
import { accountsOf, type Found, type Subject } from './find.ts';
import { forgetDocuments, forgetStates } from './forget-all.ts';
import { leftLines } from './left.ts';
import { type Receipt, receiptOf } from './receipt.ts';
import { areInEffect, type SignOut, signOut } from './sign-out.ts';
import type { World } from './world.ts';

/** The longest wait for the worker (ms), and for its entry in the history. */
const EFFECT_MS = 600_000;
const RECORD_MS = 15_000;

/** Rounds of finding and removing. */
const ROUNDS = 3;

/**
 * Signs the person out everywhere and, once that is in effect, takes the name out of what is stored. `isClean`: nothing is
 * left that can go. It may be interrupted anywhere and repeated: each step finds for itself what is left to do.
 */
export async function eraseNow(
  world: World,
  subject: Subject,
  id: string,
): Promise<{ readonly receipt: Receipt; readonly isClean: boolean }> {
  const { now, progress, ledger } = world;
  const beganMs = now();
  const { found: before } = await world.find();
  const apps = [...new Set([...world.apps, ...before.documents.map(({ ref }) => ref.app)])];
  const accounts = accountsOf(subject, apps, before);
  const { ids, signOuts } = await signOut(world, accounts, before, id);
  const onWait = (left: number) => progress(`waiting until ${left} of ${signOuts.length} sign-outs are in effect`);
  if (!(await areInEffect(world, signOuts, EFFECT_MS, onWait)))
    throw new UserError(
      'the sign-outs are on the queue, and not in effect after 10 minutes. No name was removed.',
      'Does `apply` run? See docs/operations/alarms.md; then run this again.',
    );
  await untilRecorded(world, ids);
  const forgotten = { devices: 0, mirrorStates: 0, historyEntries: 0 };
  let after = await world.find();
  // A scan may show an older state, and miss what was written just before it.
  for (let round = 0; round < ROUNDS; round++) {
    forgotten.devices += await forgetDocuments(world, after.found, accounts);
    forgotten.mirrorStates += await forgetStates(world.states, after.found.states, world.mirrored, subject.ids);
    forgotten.historyEntries += (await ledger?.forget(after.entries)) ?? 0;
    after = await world.find();
    if (after.found.documents.length === namedSince(after.found, signOuts) && after.entries.length === 0) break;
    await world.sleep(1_000);
  }
  const remains = {
    namedSince: namedSince(after.found, signOuts),
    mirrorStates: after.found.states.length,
    historyEntries: after.entries.length,
    unreadable: after.found.unreadable,
    mirrored: apps.filter((app) => world.mirrored.has(app)),
    hasHistory: ledger !== undefined,
  };
  const receipt = receiptOf(subject.ids, signOuts, {
    place: world.name,
    beganAt: new Date(beganMs).toISOString(),
    endedAt: new Date(now()).toISOString(),
    forgotten,
    left: leftLines(remains, now()),
  });
  const isClean = after.found.documents.length === remains.namedSince && remains.mirrorStates === 0;
  return { receipt, isClean: isClean && remains.historyEntries === 0 && remains.unreadable === 0 };
}

/** The worker records the sign-outs after it has applied them: with their names, so that these are removed too. */
async function untilRecorded({ ledger, now, sleep }: World, ids: readonly string[]): Promise<void> {
  const endMs = now() + RECORD_MS;
  for (const id of ids) while (ledger && !(await ledger.isRecorded(id)) && now() < endMs) await sleep(200);
}

/** The number of documents that name the person by an event after the sign-out. */
export function namedSince({ documents }: Found, signOuts: readonly SignOut[]): number {
  const stamps = new Map(signOuts.map(({ ref, stamp }) => [accountDigest(ref), stamp]));
  return documents.filter(({ accounts }) =>
    accounts.some(({ edge, ...ref }) => edge > (stamps.get(accountDigest(ref)) ?? LAST)),
  ).length;
}

/** Sorts after every edge. */
const LAST = ':';
