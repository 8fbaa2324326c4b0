import * as z from 'zod/mini';
import { valueAt } from '../../lambda/issues.ts';
import { jsonIn } from '../../lambda/request.ts';
import { effectIn, isoAt, textAt } from '../fields.ts';
import { type Fact, sourceKind } from '../source.ts';
import { isHexSigned, textKey } from '../text-secret.ts';

const EFFECTS = {
  'User.Deleted': 'signed out everywhere',
  'User.SuspensionStatus.Updated, suspended': 'signed out everywhere',
  PostResetPassword: 'signed out everywhere',
} as const;

/** Logto (https://docs.logto.io/developers/webhooks). The signature has no time: the time of the event makes a replay harmless. */
export const kind = sourceKind({
  credential: 'theirs',
  options: z.strictObject({}),
  accounts: ['id'],
  effects: EFFECTS,
  keyOf: textKey,
  receiver:
    () =>
    ({ headers, body }, { keys }) => {
      const signature = headers['logto-signature-sha-256'] ?? '';
      if (signature === '') return { refused: 'not_signed', fault: 'logto-signature-sha-256 is missing' };
      if (!isHexSigned([signature], keys, body)) {
        const fault = 'logto-signature-sha-256 does not match this body with this secret';
        return { refused: 'not_signed', fault, isWrong: true };
      }
      const json = jsonIn(body);
      return json === undefined ? { refused: 'not_json' } : { facts: [factOf(json.value)] };
    },
});

/** An event has no id, and its `data` is null if the user is gone: then `params` of the call names the user. */
function factOf(body: unknown): Fact {
  const event = textAt(body, 'event');
  const isSuspended = valueAt(['data', 'isSuspended'], body) === true;
  const what = effectIn(EFFECTS, isSuspended ? `${event}, suspended` : event);
  if (what === undefined) return { nothing: 'other_type' };
  const account = textAt(body, 'data', 'id') ?? textAt(body, 'params', 'userId') ?? textAt(body, 'userId');
  return { id: '', at: isoAt(body, 'createdAt') ?? 'arrival', what, account };
}
