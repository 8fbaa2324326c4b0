import { effectIn, isoAt, textAt } from '../fields.ts';
import { signedJson, webhookKey } from '../signature.ts';
import { sourceKind } from '../source.ts';

const EFFECTS = { 'user.delete': 'signed out everywhere', 'member.delete': 'signed out everywhere' } as const;

/** Stytch (https://stytch.com/docs/workspace-management/webhooks), which sends through Svix. It reports no sessions. */
export const kind = sourceKind({
  credential: 'theirs',
  accounts: ['id'],
  effects: EFFECTS,
  keyOf: webhookKey,
  receiver:
    (_, { account }) =>
    (request, to) => {
      const signed = signedJson(request, to);
      if ('refused' in signed) return signed;
      const { id: messageId, body } = signed;
      const id = textAt(body, 'event_id') ?? messageId;
      // The third part of a type, the origin, may be the API, the dashboard or SCIM.
      const what = effectIn(EFFECTS, `${textAt(body, 'object_type')}.${textAt(body, 'action')}`.toLowerCase());
      if (what === undefined) return { facts: [{ nothing: 'other_type' }] };
      return { facts: [{ id, at: isoAt(body, 'timestamp') ?? 'arrival', what, account: textAt(body, account) }] };
    },
});
