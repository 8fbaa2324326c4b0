import { createHmac } from 'node:crypto';
import type { Provider, Sample } from './provider.ts';

const event = (name: string, data: (sample: Sample, at: string) => object) => (sample: Sample) => {
  const at = sample.now.toISOString();
  return { object: 'event', id: `event_${at}`, event: name, data: data(sample, at), created_at: at, context: {} };
};

/** https://workos.com/docs/events; types of workos/workos-node (MIT). */
const session = (status: string) => (sample: Sample, at: string) => ({
  object: 'session',
  id: sample.session,
  user_id: sample.account,
  ip_address: '192.0.2.1',
  user_agent: null,
  auth_method: 'password',
  status,
  expires_at: at,
  ended_at: status === 'active' ? null : at,
  created_at: at,
  updated_at: at,
});

const user = ({ account }: Sample, at: string) => ({
  object: 'user',
  id: account,
  external_id: null,
  first_name: null,
  last_name: null,
  email: 'todd@example.com',
  email_verified: true,
  created_at: at,
  updated_at: at,
});

export const workos: Provider = {
  events: {
    'session.created': event('session.created', session('active')),
    'session.revoked': event('session.revoked', session('revoked')),
    'user.updated': event('user.updated', user),
    'user.deleted': event('user.deleted', user),
    'password_reset.succeeded': event('password_reset.succeeded', ({ account }, at) => ({
      object: 'password_reset',
      id: 'password_reset_1',
      user_id: account,
      email: 'todd@example.com',
      expires_at: at,
      created_at: at,
    })),
  },
  request: (payload, { secret, now }) => {
    const body = JSON.stringify(payload);
    const digest = createHmac('sha256', secret).update(`${now.getTime()}.${body}`).digest('hex');
    return {
      headers: { 'content-type': 'application/json', 'workos-signature': `t=${now.getTime()}, v1=${digest}` },
      body,
    };
  },
};
