import { randomUUID } from 'node:crypto';
import type { Provider, Sample } from './provider.ts';

/** Shape of the schemas in auth0/auth0-log-schemas. */
const log = (type: string, parts: (sample: Sample) => object) => (sample: Sample) => {
  const log_id = randomUUID();
  const data = { date: sample.now.toISOString(), type, client_name: 'Phone', ip: '192.0.2.1', log_id };
  return [{ log_id, data: { ...data, ...parts(sample) } }];
};

const ofUser = ({ account: user_id }: Sample) => ({ user_id, user_name: 'jordan@example.com', details: { body: {} } });
const inSession = ({ account: user_id, session: session_id }: Sample) => ({ user_id, details: { session_id } });

export const auth0Logs: Provider = {
  events: {
    s: log('s', inSession),
    slo: log('slo', inSession),
    scp: log('scp', ofUser),
    scpr: log('scpr', ofUser),
    sdu: log('sdu', ofUser),
    universal_logout_succeeded: log('universal_logout_succeeded', ofUser),
    'sapi, user blocked': log('sapi', ({ account }) => ({
      description: 'Update a user',
      user_id: 'auth0|administrator',
      details: {
        request: { method: 'patch', path: `/api/v2/users/${encodeURIComponent(account)}`, body: { blocked: true } },
        response: { statusCode: 200 },
      },
    })),
  },
  request: (payload, { secret }) => ({
    headers: { 'content-type': 'application/json', authorization: secret },
    body: JSON.stringify(payload),
  }),
};
