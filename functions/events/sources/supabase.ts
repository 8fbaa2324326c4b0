import { eventHash } from '../../core/stamp.ts';
import { effectIn, isoAt, textAt } from '../fields.ts';
import { type Fact, readJson, sourceKind } from '../source.ts';
import { authorizationFault, textKey } from '../text-secret.ts';

const EFFECTS = {
  'DELETE auth.sessions': 'session ended',
  'DELETE auth.users': 'signed out everywhere',
  'UPDATE auth.users, banned': 'signed out everywhere',
  'UPDATE auth.users, deleted': 'signed out everywhere',
} as const;

/**
 * Database webhooks of Supabase (https://supabase.com/docs/guides/database/webhooks). They bear a secret, and are not
 * signed.
 */
export const kind = sourceKind({
  credential: 'ours',
  accounts: ['id'],
  effects: EFFECTS,
  keyOf: textKey,
  receiver:
    () =>
    (request, { keys, nowMs }) =>
      readJson(authorizationFault(request, keys), request, (body) => [factOf(body, nowMs)]),
});

function factOf(body: unknown, nowMs: number): Fact {
  const change = `${textAt(body, 'type')} ${textAt(body, 'schema')}.${textAt(body, 'table')}`;
  const label = change === 'UPDATE auth.users' ? `${change}, ${endingIn(body, nowMs)}` : change;
  const what = effectIn(EFFECTS, label);
  if (what === undefined) return { nothing: 'other_type' };
  const row = label === change ? 'old_record' : 'record';
  const id = textAt(body, row, 'id');
  const named = { id: eventHash(change, id), what };
  if (what === 'session ended') return { ...named, at: 'arrival', account: textAt(body, row, 'user_id'), session: id };
  // A deleted row has no time of its deletion, and an update by plain SQL may leave the one of before.
  const at = label !== change && isNew(body, 'updated_at') ? isoAt(body, row, 'updated_at') : undefined;
  return { ...named, at: at ?? 'arrival', account: id };
}

/** Tests that an update changed a column. */
const isNew = (body: unknown, column: string): boolean =>
  textAt(body, 'record', column) !== textAt(body, 'old_record', column);

/** How an update ended a user's access. Other updates, such as that of every sign-in, must not sign anyone out. */
function endingIn(body: unknown, nowMs: number): 'banned' | 'deleted' | 'changed' {
  if (isNew(body, 'deleted_at') && textAt(body, 'record', 'deleted_at') !== undefined) return 'deleted';
  const until = isoAt(body, 'record', 'banned_until');
  return isNew(body, 'banned_until') && until !== undefined && until.toMs > nowMs ? 'banned' : 'changed';
}
