import { valueAt } from '../../lambda/issues.ts';
import { jsonIn } from '../../lambda/request.ts';
import { effectIn, isoAt, textAt } from '../fields.ts';
import { type Fact, sourceKind } from '../source.ts';

const EFFECTS = {
  GlobalSignOut: 'signed out everywhere',
  AdminUserGlobalSignOut: 'signed out everywhere',
  AdminDisableUser: 'signed out everywhere',
  AdminDeleteUser: 'signed out everywhere',
  DeleteUser: 'signed out everywhere',
} as const;

/**
 * Calls of Amazon Cognito user pools, which CloudTrail records and EventBridge sends
 * (https://docs.aws.amazon.com/cognito/latest/developerguide/logging-using-cloudtrail.html).
 */
export const kind = sourceKind({
  credential: 'iam',
  accounts: ['sub'],
  effects: EFFECTS,
  receiver:
    () =>
    ({ body }) => {
      const json = jsonIn(body);
      return json === undefined ? { refused: 'not_json' } : { facts: [factOf(valueAt(['detail'], json.value))] };
    },
});

/** User names are hidden in these records; the user's `sub` stands beside the request. A call that failed has an error. */
function factOf(detail: unknown): Fact {
  const what = effectIn(EFFECTS, textAt(detail, 'eventName'));
  if (what === undefined || textAt(detail, 'errorCode') !== undefined) return { nothing: 'other_type' };
  const [id, at] = [textAt(detail, 'eventID') ?? '', isoAt(detail, 'eventTime') ?? ('arrival' as const)];
  return { id, at, what, account: textAt(detail, 'additionalEventData', 'sub') };
}
