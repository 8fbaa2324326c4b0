import { randomUUID } from 'node:crypto';
import type { Provider, Sample } from './provider.ts';

/** https://developer.okta.com/docs/concepts/event-hooks/, sample event delivery payload. */
const hook = (event: object, { now }: Sample) => ({
  eventType: 'com.okta.event_hook',
  eventTypeVersion: '1.0',
  cloudEventsVersion: '0.1',
  source: 'https://example.okta.com/api/v1/eventHooks/whor43LKPTyegtOlX0g4',
  eventId: randomUUID(),
  data: { events: [event] },
  eventTime: now.toISOString(),
  contentType: 'application/json',
});

const user = (id: string) => ({
  id,
  type: 'User',
  alternateId: `${id}@example.com`,
  displayName: id,
  detailEntry: null,
});

const logged = (eventType: string, { session, now }: Sample, parts: object) => ({
  uuid: randomUUID(),
  published: now.toISOString(),
  eventType,
  version: '0',
  severity: 'INFO',
  client: { id: null, ipAddress: '192.0.2.1', device: 'Computer' },
  device: null,
  outcome: { result: 'SUCCESS', reason: null },
  authenticationContext: { authenticationStep: 0, externalSessionId: session },
  ...parts,
});

const byUser = (type: string) => (sample: Sample) =>
  hook(logged(type, sample, { actor: user(sample.account), target: null }), sample);

/** The actor is an administrator, whose own session is `session`. */
const toUser = (type: string) => (sample: Sample) =>
  hook(logged(type, sample, { actor: user('00uadmin'), target: [user(sample.account)] }), sample);

export const okta: Provider = {
  events: {
    'user.session.start': byUser('user.session.start'),
    'user.session.end': byUser('user.session.end'),
    'user.session.clear': toUser('user.session.clear'),
    'user.authentication.universal_logout': toUser('user.authentication.universal_logout'),
    'user.lifecycle.deactivate': toUser('user.lifecycle.deactivate'),
    'user.lifecycle.suspend': toUser('user.lifecycle.suspend'),
    'user.lifecycle.delete.initiated': toUser('user.lifecycle.delete.initiated'),
    'user.account.update_password': toUser('user.account.update_password'),
    'user.account.reset_password': toUser('user.account.reset_password'),
    'user.account.lock': toUser('user.account.lock'),
  },
  request: (payload, { secret }) => ({
    headers: { accept: 'application/json', 'content-type': 'application/json', authorization: secret },
    body: JSON.stringify(payload),
  }),
};
