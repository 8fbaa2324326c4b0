import { randomUUID } from 'node:crypto';
import type { Provider, Sample } from './provider.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
const envelope = (type: string, detail: object, { now }: Sample) => ({
  version: '0',
  id: randomUUID(),
  'detail-type': type,
  source: EVENT_SOURCE,
  account: '123456789012',
  time: `${now.toISOString().slice(0, 19)}Z`,
  region: 'us-east-1',
  resources: [],
  detail: { ...detail, timestamp: now.toISOString() },
});

const EVENT_SOURCE = 'com.example.auth';

/** A rule of EventBridge, which sends the whole envelope to the queue. */
export const eventbridge: Provider = {
  options: () => ({ eventSource: EVENT_SOURCE }),
  events: {
    'user.logout': (sample) =>
      envelope('user.logout', { scope: 'session', account: sample.account, session_id: sample.session }, sample),
    'user.logout_everywhere': (sample) => envelope('user.logout_everywhere', { account: sample.account }, sample),
    'user.deleted': (sample) => envelope('user.deleted', { account: sample.account }, sample),
    'user.created': (sample) => envelope('user.created', { account: sample.account }, sample),
  },
  request: (payload) => ({ headers: {}, body: JSON.stringify(payload) }),
};
