import type { Token } from './account.ts';
import type { AppId } from './configuration.ts';
import { type InstallationLogin, namesInstallation, type Operation, type TokenOperation } from './operation.ts';
import { type Outcome, orUnavailable, Unavailable } from './outcome.ts';
import { AT_ONCE, inParallel } from './parallel.ts';
import type { Stamp } from './stamp.ts';
import type { InstallationRef, RegistryStore, StampedLogin } from './store.ts';

/** Makes removals that `login` led to known to the mirrors, sooner or later. May reject with `Unavailable`. */
export type Announce = (removals: readonly TokenOperation[], login: Operation) => Promise<void>;

type InstallationPorts = {
  readonly store: RegistryStore;
  readonly announce: Announce;
  readonly apply: (operations: readonly Operation[]) => Promise<Outcome[]>;
};

/**
 * Applies operations, and for logins of an installation the removals from its other tokens. Each installation has one
 * item, its newest login. A login of another token does four steps, and is `unavailable` if one of them fails:
 *
 * 1. It reads the item.
 * 2. Each of the two tokens gets a removal of everything, at the stamp of the other one's login.
 * 3. These removals are announced.
 * 4. If it is newer than the item, it is written over exactly the item that was read.
 *
 * Every order ends the same. A login that is written over has had its token cleared by then, and a login that finds a
 * newer one clears its own. A crash before step 4 leaves the item as it was, so that the copy in the queue does all
 * again; after step 4 a copy finds itself and only reads. The whole argument is in `docs/decisions.md`.
 */
export async function withInstallations(
  { store, announce, apply }: InstallationPorts,
  operations: readonly Operation[],
): Promise<Outcome[]> {
  const groups = Map.groupBy(
    operations.filter(namesInstallation),
    ({ app, installation }) => `${app}#${installation}`,
  ).values();
  const takeovers = await inParallel([...groups], AT_ONCE, (logins) => takeoverOf(store, logins));
  const outcomes = (await apply([...operations, ...takeovers.flatMap(({ removals }) => removals)])).values();
  const own = outcomes.take(operations.length).toArray();
  const ended = takeovers.map((one) => ({ ...one, outcomes: outcomes.take(one.removals.length).toArray() }));
  const failures = new Map<Operation, Outcome>();
  await inParallel(ended, AT_ONCE, async ({ failure, outcomes, removals, ...takeover }) => {
    const failed =
      failure ??
      outcomes.find(({ kind }) => kind === 'unavailable') ??
      (await orUnavailable(async () => {
        if (removals.length > 0) await announce(removals, takeover.newest);
        await raise(store, takeover);
      }));
    if (failed) for (const login of takeover.logins) failures.set(login, failed);
  });
  return own.map((outcome, i) => (operations[i] && failures.get(operations[i])) ?? outcome);
}

/** Logins of one installation, the newest of them, and the one that the store knows. */
type Takeover = {
  readonly logins: readonly InstallationLogin[];
  readonly newest: InstallationLogin;
  readonly known?: StampedLogin | undefined;
  readonly removals: readonly TokenOperation[];
  readonly failure?: Outcome;
};

async function takeoverOf(store: RegistryStore, logins: readonly InstallationLogin[]): Promise<Takeover> {
  const newest = logins.reduce((a, b) => (b.stamp > a.stamp ? b : a));
  const known = await orUnavailable(() => store.newestLogin(newest));
  if (known && 'kind' in known) return { logins, newest, removals: [], failure: known };
  return { logins, newest, known, removals: removalsOf(newest, known ? [...logins, known] : logins) };
}

/** A removal from each token, at the newest login of the others. */
function removalsOf({ app }: { readonly app: AppId }, logins: readonly StampedLogin[]): TokenOperation[] {
  const newest = new Map<Token, Stamp>();
  for (const { token, stamp } of logins) if (stamp > (newest.get(token) ?? '')) newest.set(token, stamp);
  return [...newest.keys()].flatMap((token): TokenOperation[] => {
    const others = [...newest].filter(([other]) => other !== token).map(([, stamp]) => stamp);
    const stamp = others.sort().at(-1);
    return stamp === undefined ? [] : [{ kind: 'unbindTokenFromAll', app, token, stamp }];
  });
}

/** Writes the newest login, unless a later one is there. Over another token than the one read it needs other removals. */
async function raise(store: RegistryStore, { newest, known: read }: Pick<Takeover, 'newest' | 'known'>): Promise<void> {
  const ref: InstallationRef = newest;
  const { token, stamp } = newest;
  for (let known = read; known === undefined || known.stamp < stamp; ) {
    const result = await store.writeNewestLogin(ref, { token, stamp }, known);
    if (result === 'written') return;
    if (result.winner?.token !== token) throw new Unavailable('another login of the installation');
    known = result.winner;
  }
}
