import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { signedHeaders } from '../../cli/target.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('the library of Standard Webhooks verifies our signature', () => {
  const body = '{"type":"user.login","data":{"account":"é"}}';
  const headers = signedHeaders(SECRET, { id: 'msg_1', body, now: new Date() });
  expect(new Webhook(SECRET).verify(body, headers)).toEqual(JSON.parse(body));
});

test('our signature equals the example of Standard Webhooks', () => {
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' };
  const { 'webhook-signature': signature } = signedHeaders(SECRET, { ...message, now: new Date(1_614_265_330_000) });
  expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});
