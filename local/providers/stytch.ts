import { randomUUID } from 'node:crypto';
import type { Provider, Sample } from './provider.ts';
import { svixRequest } from './svix.ts';

const event =
  (action: string, object_type: string) =>
  ({ account: id, now }: Sample) => ({
    project_id: 'project-test-1',
    event_id: `event-test-${randomUUID()}`,
    action,
    object_type,
    source: 'DIRECT',
    id,
    timestamp: now.toISOString(),
  });

/** https://stytch.com/docs/workspace-management/webhooks */
export const stytch: Provider = {
  events: {
    'user.create': event('CREATE', 'user'),
    'user.delete': event('DELETE', 'user'),
    'member.delete': event('DELETE', 'member'),
  },
  request: svixRequest,
};
