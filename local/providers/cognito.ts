import { randomUUID } from 'node:crypto';
import type { Provider, Sample } from './provider.ts';

/**
 * https://docs.aws.amazon.com/cognito/latest/developerguide/understanding-amazon-cognito-entries.html, in the envelope of
 * EventBridge. `additionalEventData`: as that guide's page on CloudTrail says, and as real records have it.
 */
const record =
  (eventName: string, parts: object = {}) =>
  ({ account: sub, now }: Sample) => {
    const eventTime = `${now.toISOString().slice(0, 19)}Z`;
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': 'AWS API Call via CloudTrail',
      source: 'aws.cognito-idp',
      account: '123456789012',
      time: eventTime,
      region: 'us-east-1',
      resources: [],
      detail: {
        eventVersion: '1.08',
        userIdentity: { type: 'Unknown', principalId: 'Anonymous' },
        eventTime,
        eventSource: 'cognito-idp.amazonaws.com',
        eventName,
        awsRegion: 'us-east-1',
        requestParameters: { userPoolId: 'us-east-1_EXAMPLE', username: HIDDEN },
        responseElements: null,
        additionalEventData: { sub },
        eventID: randomUUID(),
        readOnly: false,
        eventType: 'AwsApiCall',
        managementEvent: true,
        ...parts,
      },
    };
  };

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

export const cognito: Provider = {
  events: {
    SignUp: record('SignUp'),
    GlobalSignOut: record('GlobalSignOut', { requestParameters: { accessToken: HIDDEN } }),
    AdminUserGlobalSignOut: record('AdminUserGlobalSignOut'),
    AdminDisableUser: record('AdminDisableUser'),
    AdminDeleteUser: record('AdminDeleteUser'),
    DeleteUser: record('DeleteUser', { requestParameters: { accessToken: HIDDEN } }),
    'AdminDeleteUser, failed': record('AdminDeleteUser', { errorCode: 'UserNotFoundException' }),
  },
  request: (payload) => ({ headers: {}, body: JSON.stringify(payload) }),
};
