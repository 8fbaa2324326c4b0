import { Unavailable } from '../core/outcome.ts';
import { AT_ONCE, inParallel } from '../core/parallel.ts';
import { isBind } from '../core/stamp.ts';
import type { CollectorPorts } from './collect.ts';
import { isAncient } from './rules.ts';
import type { Page, SweepItem } from './store.ts';

type InstallationItem = Extract<SweepItem, { kind: 'installation' }>;

/**
 * Deletes an installation's newest login once it is older than every writer and its token binds no account: then no later
 * login has anything to take away. A login that comes meanwhile finds its item gone and tries again. Returns the number of
 * items deleted.
 */
export async function retireInstallations(
  { store, now }: Pick<CollectorPorts, 'store' | 'now'>,
  { items }: Page,
): Promise<number> {
  const nowMs = now();
  const old = items
    .filter((item): item is InstallationItem => item.kind === 'installation')
    .filter(({ login }) => isAncient(login.stamp, nowMs));
  const documents = await store.glimpse(old.map(({ ref: { app }, login: { token } }) => ({ app, token })));
  const idle = old.filter((_, i) => {
    const document = documents[i];
    return !(document instanceof Unavailable) && !Object.values(document?.edges ?? {}).some(isBind);
  });
  const gone = await inParallel(idle, AT_ONCE, ({ ref, login }) => store.deleteLogin(ref, login));
  return gone.filter(Boolean).length;
}
