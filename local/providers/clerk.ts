import type { Provider, Sample } from './provider.ts';
import { svixRequest } from './svix.ts';

const event = (type: string, data: object, { now }: Sample) => ({
  data,
  event_attributes: { http_request: { client_ip: '192.0.2.1', user_agent: 'Mozilla/5.0' } },
  instance_id: 'ins_123',
  object: 'event',
  timestamp: now.getTime(),
  type,
});

/** https://clerk.com/docs/guides/development/webhooks/overview; types of clerk/javascript:packages/backend (MIT). */
const session = (type: string, status: string) => (sample: Sample) => {
  const { account: user_id, session: id, now } = sample;
  const times = { created_at: now.getTime() - 60_000, updated_at: now.getTime(), last_active_at: now.getTime() };
  const ends = { expire_at: now.getTime() + 604_800_000, abandon_at: now.getTime() + 2_592_000_000 };
  return event(
    type,
    { object: 'session', id, client_id: 'client_1', user_id, actor: null, status, ...times, ...ends },
    sample,
  );
};

export const clerk: Provider = {
  events: {
    'session.created': session('session.created', 'active'),
    'session.ended': session('session.ended', 'ended'),
    'session.removed': session('session.removed', 'removed'),
    'session.revoked': session('session.revoked', 'revoked'),
    'user.deleted': (sample) => event('user.deleted', { deleted: true, id: sample.account, object: 'user' }, sample),
  },
  request: svixRequest,
};
