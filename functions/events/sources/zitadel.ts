import { eventHash } from '../../core/stamp.ts';
import { valueAt } from '../../lambda/issues.ts';
import { effectIn, isoAt, textAt } from '../fields.ts';
import { type Fact, readJson, sourceKind } from '../source.ts';
import { textKey, timedFault } from '../text-secret.ts';

const EFFECTS = {
  'user.removed': 'signed out everywhere',
  'user.deactivated': 'signed out everywhere',
  'user.locked': 'signed out everywhere',
} as const;

/** A target of ZITADEL's Actions v2 for events (https://zitadel.com/docs/apis/actions/v2/usage). */
export const kind = sourceKind({
  credential: 'theirs',
  accounts: ['aggregateID'],
  effects: EFFECTS,
  keyOf: textKey,
  receiver: () => (request, to) =>
    readJson(timedFault(request, to, 'zitadel-signature', 'seconds'), request, (body) => [factOf(body)]),
});

/** The aggregate is the user. `userID` is who did it, an administrator for instance. */
function factOf(body: unknown): Fact {
  const what = effectIn(EFFECTS, textAt(body, 'event_type'));
  if (what === undefined) return { nothing: 'other_type' };
  const account = textAt(body, 'aggregateID');
  const id = eventHash(account, valueAt(['sequence'], body));
  return { id, at: isoAt(body, 'created_at') ?? 'arrival', what, account };
}
