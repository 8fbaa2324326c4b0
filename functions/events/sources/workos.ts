import { effectIn, isoAt, textAt } from '../fields.ts';
import { type Fact, readJson, sourceKind } from '../source.ts';
import { textKey, timedFault } from '../text-secret.ts';

const EFFECTS = {
  'session.revoked': 'session ended',
  'user.deleted': 'signed out everywhere',
  'password_reset.succeeded': 'signed out everywhere',
} as const;

/** WorkOS AuthKit (https://workos.com/docs/events). */
export const kind = sourceKind({
  credential: 'theirs',
  accounts: ['id'],
  effects: EFFECTS,
  keyOf: textKey,
  // The time is of the attempt. Their libraries refuse one that is 3 minutes old, and none that is ahead.
  receiver: () => (request, to) =>
    readJson(timedFault(request, to, 'workos-signature', 'milliseconds'), request, (body) => [factOf(body)]),
});

function factOf(body: unknown): Fact {
  const type = textAt(body, 'event');
  const what = effectIn(EFFECTS, type);
  if (what === undefined) return { nothing: 'other_type' };
  const fact = { id: textAt(body, 'id') ?? '', at: isoAt(body, 'created_at') ?? ('arrival' as const), what };
  if (type === 'user.deleted') return { ...fact, account: textAt(body, 'data', 'id') };
  const account = textAt(body, 'data', 'user_id');
  return what === 'session ended' ? { ...fact, account, session: textAt(body, 'data', 'id') } : { ...fact, account };
}
