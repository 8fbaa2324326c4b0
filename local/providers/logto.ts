import { createHmac } from 'node:crypto';
import type { Provider, Sample } from './provider.ts';

/** https://docs.logto.io/developers/webhooks/webhooks-request */
const hook = (event: string, parts: (sample: Sample) => object) => (sample: Sample) => ({
  event,
  createdAt: sample.now.toISOString(),
  userAgent: 'node',
  ip: '192.0.2.1',
  ...parts(sample),
  hookId: 'hook_1',
});

const suspended =
  (isSuspended: boolean) =>
  ({ account }: Sample) => ({
    path: `/users/${account}/is-suspended`,
    method: 'PATCH',
    status: 200,
    params: { userId: account },
    data: { id: account, username: null, primaryEmail: 'foo@example.com', isSuspended },
  });

export const logto: Provider = {
  events: {
    'User.Created': hook('User.Created', ({ account }) => ({ data: { id: account } })),
    'User.Deleted': hook('User.Deleted', ({ account }) => ({
      path: `/users/${account}`,
      method: 'DELETE',
      status: 204,
      params: { userId: account },
      data: null,
    })),
    'User.SuspensionStatus.Updated': hook('User.SuspensionStatus.Updated', suspended(false)),
    'User.SuspensionStatus.Updated, suspended': hook('User.SuspensionStatus.Updated', suspended(true)),
    PostResetPassword: hook('PostResetPassword', ({ account }) => ({
      interactionEvent: 'ForgotPassword',
      sessionId: 'session_1',
      userIp: '192.0.2.1',
      userId: account,
      user: { id: account, isSuspended: false },
    })),
  },
  request: (payload, { secret }) => {
    const body = JSON.stringify(payload);
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    return { headers: { 'content-type': 'application/json', 'logto-signature-sha-256': signature }, body };
  },
};
