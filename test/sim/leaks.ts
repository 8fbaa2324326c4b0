import type { Deed } from './promises.ts';
import { SCENE } from './scene.ts';
import { type Bound, bindOf, isRemoval } from './serial.ts';
import type { Truth } from './truth.ts';

/** Returns for how long anything was true that a later operation removes, summed over all bindings. */
export function exposures(truth: Truth, deeds: readonly Deed[], end: number) {
  const spans = SCENE.apps
    .flatMap(({ id: app }) =>
      SCENE.tokens.flatMap((token) => SCENE.accounts.map((account) => ({ app, token, account }))),
    )
    .flatMap((about) => truth.spansOf(about, about.account).map((span) => ({ ...span, about })));
  const since = (moment: 'issuedAt' | 'ackedAt') =>
    spans.reduce((sum, { from, to, edge, about }) => {
      const removals = removalsOf(deeds, edge, about).map((deed) => deed[moment]);
      return sum + Math.max(0, Math.min(to, end) - Math.max(from, Math.min(...removals)));
    }, 0);
  const removals = deeds.filter(({ operation }) => operation.kind.startsWith('unbind')).length;
  return { exposedMs: since('issuedAt'), leakedMs: since('ackedAt'), removals };
}

/** Returns the removals that end what an edge has bound. */
function removalsOf(deeds: readonly Deed[], edge: string, about: Omit<Bound, 'by'>): Deed[] {
  const bind = bindOf(
    deeds.map(({ operation }) => operation),
    edge,
    about,
  );
  return bind === undefined ? [] : deeds.filter(({ operation }) => isRemoval(operation, bind, about));
}
