import { createHmac, randomUUID } from 'node:crypto';
import type { Provider, Sample } from './provider.ts';

/** Shape of https://phasetwo.io/docs/audit-logs/access and admin. */
const access =
  (name: string, details: object = {}) =>
  (sample: Sample) => ({
    uid: randomUUID(),
    time: sample.now.getTime(),
    realmId: 'customer.app',
    type: `access.${name}`,
    authDetails: {
      realmId: 'customer.app',
      clientId: 'phone',
      userId: sample.account,
      ipAddress: '192.0.2.1',
      username: 'johndoe',
      sessionId: sample.session,
    },
    details,
  });

/** `authDetails` is the administrator. */
const admin =
  (operationType: string, path = '', representation?: object) =>
  ({ account, session, now }: Sample) => ({
    ...access('')({ account: 'administrator', session, now }),
    type: `admin.USER-${operationType}`,
    resourceType: 'USER',
    operationType,
    resourcePath: `users/${account}${path}`,
    representation: representation && JSON.stringify(representation),
  });

export const keycloak: Provider = {
  events: {
    'access.LOGIN': access('LOGIN'),
    'access.LOGOUT': access('LOGOUT'),
    'access.UPDATE_PASSWORD': access('UPDATE_PASSWORD'),
    'access.UPDATE_CREDENTIAL, password': access('UPDATE_CREDENTIAL', { credential_type: 'password' }),
    'access.DELETE_ACCOUNT': access('DELETE_ACCOUNT'),
    'access.REVOKE_GRANT': access('REVOKE_GRANT', { revoked_client: 'phone' }),
    'admin.USER-DELETE': admin('DELETE'),
    'admin.USER-UPDATE, disabled': admin('UPDATE', '', { enabled: false }),
    'admin.USER-ACTION, logout': admin('ACTION', '/logout'),
    'admin.USER-ACTION, reset-password': admin('ACTION', '/reset-password'),
  },
  request: (payload, { secret }) => {
    const body = JSON.stringify(payload);
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    return { headers: { 'content-type': 'application/json', 'x-keycloak-signature': signature }, body };
  },
};
