import { valueAt } from '../../lambda/issues.ts';
import { effectIn, isoAt, textAt } from '../fields.ts';
import { type Fact, readJson, sourceKind } from '../source.ts';
import { bodyFault, textKey } from '../text-secret.ts';

const EFFECTS = {
  'User.Deleted': 'signed out everywhere',
  'User.SuspensionStatus.Updated, suspended': 'signed out everywhere',
  PostResetPassword: 'signed out everywhere',
} as const;

/**
 * Logto (https://docs.logto.io/developers/webhooks). The signature has no time: the time of the event makes a replay
 * harmless.
 */
export const kind = sourceKind({
  credential: 'theirs',
  accounts: ['id'],
  effects: EFFECTS,
  keyOf: textKey,
  receiver:
    () =>
    (request, { keys }) =>
      readJson(bodyFault(request, keys, 'logto-signature-sha-256'), request, (body) => [factOf(body)]),
});

/** An event has no id, and its `data` is null if the user is gone: then `params` of the call names the user. */
function factOf(body: unknown): Fact {
  const event = textAt(body, 'event');
  const isSuspended = valueAt(['data', 'isSuspended'], body) === true;
  const what = effectIn(
    EFFECTS,
    isSuspended && event === 'User.SuspensionStatus.Updated' ? `${event}, suspended` : event,
  );
  if (what === undefined) return { nothing: 'other_type' };
  const account = textAt(body, 'data', 'id') ?? textAt(body, 'params', 'userId') ?? textAt(body, 'userId');
  return { id: '', at: isoAt(body, 'createdAt') ?? 'arrival', what, account };
}
