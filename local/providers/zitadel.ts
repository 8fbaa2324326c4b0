import { createHmac } from 'node:crypto';
import type { Provider, Sample } from './provider.ts';

/** https://zitadel.com/docs/apis/actions/v2/usage; the signature of zitadel:pkg/actions/signing.go, written anew. */
const event =
  (type: string) =>
  ({ account, now }: Sample) => ({
    aggregateID: account,
    aggregateType: 'user',
    resourceOwner: '285649372389341185',
    instanceID: '285649372205000705',
    version: 'v2',
    sequence: now.getTime(),
    event_type: type,
    created_at: now.toISOString(),
    userID: '285649372389999999',
    event_payload: {},
  });

export const zitadel: Provider = {
  events: Object.fromEntries(
    ['user.human.added', 'user.removed', 'user.deactivated', 'user.locked'].map((type) => [type, event(type)]),
  ),
  request: (payload, { secret, now }) => {
    const body = JSON.stringify(payload);
    const time = Math.floor(now.getTime() / 1000);
    const digest = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
    return { headers: { 'content-type': 'application/json', 'zitadel-signature': `t=${time},v1=${digest}` }, body };
  },
};
