import { EMPTY, isRemoved, momentsOf } from '../../functions/core/document.ts';
import type { BindOperation } from '../../functions/core/operation.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { bindAt, deadAt, stampOf } from '../../functions/core/stamp.ts';
import type { AccountRef, RegistryStore } from '../../functions/core/store.ts';
import { isImported } from './operation.ts';

/**
 * Tests for each imported bind whether the registry knows better: by a live event of its token that is older than the
 * bind, or by a sign-out of its account. Newer events of the token win by their stamps. What cannot be read counts as
 * known. Reads strongly, so that all is seen that was in effect before. Throws `Unavailable`.
 */
export async function areKnown(
  store: Pick<RegistryStore, 'documents' | 'watermarks'>,
  operations: readonly BindOperation[],
): Promise<boolean[]> {
  const accounts = operations.flatMap(({ app, accounts }) => accounts.map((account): AccountRef => ({ app, account })));
  const [documents, watermarks] = await Promise.all([
    store.documents(operations, 'strong'),
    store.watermarks(accounts),
  ]);
  const own = watermarks.values();
  return operations.map(({ stamp, session, accounts }, i) => {
    const first = bindAt(FIRST, 0, { session });
    const isSignedOut = own
      .take(accounts.length)
      .some((one) => one instanceof Unavailable || isRemoved(one.watermark, first));
    const document = documents[i];
    if (isSignedOut || document instanceof Unavailable) return true;
    const moments = momentsOf(document?.document ?? EMPTY);
    return moments.some((moment) => moment !== '' && moment < stamp && isLive(moment));
  });
}

/** The stamp before all others. */
const FIRST = stampOf('bind', 0, '0'.repeat(16));

/** Tests that a live event wrote this moment. An imported bind that is dead was ended by the logout of its session. */
const isLive = (moment: string): boolean => !isImported(moment) || moment === deadAt(moment);
