import { effectIn, msAt, textAt } from '../fields.ts';
import { signedJson, webhookKey } from '../signature.ts';
import { type Fact, sourceKind } from '../source.ts';

const EFFECTS = {
  'session.ended': 'session ended',
  'session.removed': 'session ended',
  'session.revoked': 'session ended',
  'user.deleted': 'signed out everywhere',
} as const;

/** Clerk (https://clerk.com/docs/guides/development/webhooks/overview), which sends through Svix. */
export const kind = sourceKind({
  credential: 'theirs',
  accounts: ['id', 'external_id'],
  effects: EFFECTS,
  keyOf: webhookKey,
  receiver:
    (_, { account }) =>
    (request, to) => {
      const signed = signedJson(request, to);
      return 'refused' in signed ? signed : { facts: [factOf(signed, account)] };
    },
});

/** Of a deleted user `data` is the user, and has nothing but its ids. */
function factOf({ id, body }: { id: string; body: unknown }, account: string): Fact {
  const what = effectIn(EFFECTS, textAt(body, 'type'));
  if (what === undefined) return { nothing: 'other_type' };
  const at = msAt(body, 'timestamp') ?? 'arrival';
  if (what === 'signed out everywhere') return { id, at, what, account: textAt(body, 'data', account) };
  const user = account === 'id' ? textAt(body, 'data', 'user_id') : textAt(body, 'data', 'user', account);
  return { id, at, what, account: user, session: textAt(body, 'data', 'id') };
}
