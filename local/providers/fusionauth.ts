import { Buffer } from 'node:buffer';
import { createHmac, hash, randomUUID } from 'node:crypto';
import type { Provider, Sample } from './provider.ts';

/** https://fusionauth.io/docs/extend/events-and-webhooks/events/ */
const event = (type: string, parts: (sample: Sample) => object) => (sample: Sample) => ({
  event: {
    createInstant: sample.now.getTime(),
    id: randomUUID(),
    info: { ipAddress: '192.0.2.1', deviceName: null },
    ...parts(sample),
    tenantId: 'e872a880-b14f-6d62-c312-cb40f22af465',
    type,
  },
});

const user = ({ account: id }: Sample) => ({ user: { active: true, email: 'example@fusionauth.io', id } });

const APPLICATION = '10000000-0000-0002-0000-000000000001';
const ttl = { applicationTimeToLiveInSeconds: { [APPLICATION]: 3600 } };

export const fusionauth: Provider = {
  events: {
    'user.login.success': event('user.login.success', user),
    'user.deactivate': event('user.deactivate', user),
    'user.delete.complete': event('user.delete.complete', user),
    'jwt.refresh-token.revoke, one token': event('jwt.refresh-token.revoke', (sample) => ({
      applicationId: APPLICATION,
      ...ttl,
      refreshToken: { id: sample.session, applicationId: APPLICATION, userId: sample.account },
      userId: sample.account,
      ...user(sample),
    })),
    'jwt.refresh-token.revoke, all of a user': event('jwt.refresh-token.revoke', (sample) => ({
      ...ttl,
      userId: sample.account,
      ...user(sample),
    })),
    'jwt.refresh-token.revoke, all of an application': event('jwt.refresh-token.revoke', () => ({
      applicationId: APPLICATION,
      ...ttl,
    })),
  },
  request: (payload, { secret }) => {
    const body = JSON.stringify(payload);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ alg: 'HS256', typ: 'JWT', kid: 'key-1' })}.${part({ request_body_sha256: hash('sha256', body, 'base64') })}`;
    const token = `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    return { headers: { 'content-type': 'application/json', 'X-FusionAuth-Signature-JWT': token }, body };
  },
};
