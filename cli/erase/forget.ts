import { type AccountKey, accountKey } from '../../functions/core/account.ts';
import { UNMARKED } from '../../functions/core/document.ts';
import { readable } from '../../functions/core/outcome.ts';
import type { AccountRef, RegistryStore, TokenRef } from '../../functions/core/store.ts';
import { namesOf, namesSignedOut, withoutDead } from '../../functions/sweep/rules.ts';

export type ForgetPorts = { readonly registry: RegistryStore; readonly now: () => number };

/**
 * Takes the accounts out of a token's document, as far as their sign-outs everywhere are in effect and at or after all that
 * the document says of them. Returns false if the document still names one of them: it has signed in since. Throws
 * `Unavailable`; to repeat it is safe.
 */
export async function forgetIn(
  { registry, now }: ForgetPorts,
  ref: TokenRef,
  accounts: readonly AccountRef[],
): Promise<boolean> {
  const own = accounts.filter(({ app }) => app === ref.app);
  for (;;) {
    const [stored] = await registry.documents([ref], 'strong');
    const { document, version } = readable(stored) ?? {};
    if (document === undefined || version === undefined) return true;
    // Read after the document: a sign-out that is seen here removes all binds at or before it, also those to come.
    const marks = await registry.watermarks(own);
    const keys = own.map(({ account }): AccountKey => accountKey(account));
    const watermarks = new Map(keys.map((key, i) => [key, readable(marks[i])?.watermark ?? UNMARKED]));
    const isNamed = namesSignedOut(document, watermarks);
    const next = isNamed ? withoutDead(document, watermarks, now()) : document;
    if (isNamed && (await registry.write(ref, next, version)) !== 'written') continue;
    const left = new Set(namesOf(next));
    return !keys.some((key) => left.has(key));
  }
}
