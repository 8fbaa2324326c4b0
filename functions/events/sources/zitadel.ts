import * as z from 'zod/mini';
import { valueAt } from '../../lambda/issues.ts';
import { jsonIn } from '../../lambda/request.ts';
import { effectIn, isoAt, textAt } from '../fields.ts';
import { type Fact, sourceKind } from '../source.ts';
import { textKey, timedFault } from '../text-secret.ts';

const EFFECTS = {
  'user.removed': 'signed out everywhere',
  'user.deactivated': 'signed out everywhere',
  'user.locked': 'signed out everywhere',
} as const;

/** A target of ZITADEL's Actions v2 for events (https://zitadel.com/docs/apis/actions/v2/usage). */
export const kind = sourceKind({
  credential: 'theirs',
  options: z.strictObject({}),
  accounts: ['aggregateID'],
  effects: EFFECTS,
  keyOf: textKey,
  receiver: () => (request, to) => {
    const fault = timedFault(request, to, 'zitadel-signature', 'seconds');
    if (fault !== undefined) return { refused: 'not_signed', ...fault };
    const json = jsonIn(request.body);
    return json === undefined ? { refused: 'not_json' } : { facts: [factOf(json.value)] };
  },
});

/** The aggregate is the user. `userID` is who did it, an administrator for instance. */
function factOf(body: unknown): Fact {
  const what = effectIn(EFFECTS, textAt(body, 'event_type'));
  if (what === undefined) return { nothing: 'other_type' };
  const account = textAt(body, 'aggregateID');
  const id = `${account} ${valueAt(['sequence'], body)}`;
  return { id, at: isoAt(body, 'created_at') ?? 'arrival', what, account };
}
