import type { Provider, Sample } from './provider.ts';

const at = ({ now }: Sample, type: string, data: object) => ({ type, timestamp: now.toISOString(), data });

/** A back end on AWS, whose message is an event in our own format. */
export const sqs: Provider = {
  events: {
    'user.logout': (sample) =>
      at(sample, 'user.logout', { scope: 'session', account: sample.account, session_id: sample.session }),
    'user.logout_everywhere': (sample) => at(sample, 'user.logout_everywhere', { account: sample.account }),
    'user.deleted': (sample) => at(sample, 'user.deleted', { account: sample.account }),
  },
  request: (payload) => ({ headers: {}, body: JSON.stringify(payload) }),
};
