import { expect } from 'vitest';
import * as z from 'zod';
import { post } from '../../cli/target.ts';
import { bearerOf } from '../../cli/token.ts';
import { type Endpoint, PATHS } from '../../functions/account-api/wire/endpoint.ts';
import type { HttpDoor } from '../../infra/settings.ts';
import { DEVELOPMENT } from '../../local/identity.ts';
import { accountsOf, basic, tokensOf } from '../world/account-api.ts';
import { ticketOf } from '../world/devices.ts';
import { postEvents } from '../world/events.ts';
import type { Deployment } from './deployment.ts';
import {
  APP,
  APPS,
  account,
  apply,
  bind,
  CANARY,
  OTHER_APP,
  operation,
  other,
  type Scenario,
  type Step,
  second,
  token,
} from './scenario.ts';
import { IDENTITY_KEY } from './synthesis.ts';

/** Sends a signed event, or a list of them. Returns the status. */
const sendEvents = ({ url, secret }: Deployment, ...events: [type: string, data: object][]): Promise<number> =>
  postEvents({ url, source: { id: 'web', secret: secret('Credentials/source web') } }, events);

/** Calls the Account API. Returns its code. */
async function call({ url, secret }: Deployment, app: string, endpoint: Endpoint, body: object) {
  const headers = basic(app, secret(`Credentials/app ${app}`));
  const reply = JSON.parse((await post(url + PATHS[endpoint], { ...headers }, JSON.stringify(body))).text);
  return reply.ret_code ?? reply.retCode;
}

/** Returns a step that posts JSON with a bearer and expects 200. The step returns the answer. */
const asked =
  ({ url }: Deployment, path: string, bearer: (() => Promise<string>) | undefined, body: object) =>
  async (): Promise<unknown> => {
    const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${await bearer()}` };
    const { status, text } = await post(url + path, headers, JSON.stringify(body));
    expect(status, text).toBe(200);
    return JSON.parse(text);
  };

/** The scenarios of the functions for HTTP. */
export const DOOR_SCENARIOS: Readonly<Record<HttpDoor, Scenario>> = {
  events: (deployment) => {
    const effective =
      (...events: [string, object][]): Step =>
      async () =>
        expect(await sendEvents(deployment, ...events)).toBe(200);
    const on = { app: APP, token };
    return [
      effective(['user.login', { ...on, account, session_id: `${CANARY}-session` }]),
      effective(['user.login', { ...on, account: second, mode: 'append' }]),
      ...[token, other].map((each) =>
        effective(['user.login', { app: APP, token: each, account, installation_id: `${CANARY}-installation` }]),
      ),
      effective(['user.logout', { ...on, scope: 'account', account }]),
      effective(['device.token_changed', { app: APP, old_token: token, token: other, accounts: [{ account }] }]),
      effective(['user.logout', { app: APP, token: other }]),
      effective(['user.deleted', { account }]),
      effective(
        ['user.login', { ...on, account }],
        ['user.login', { app: OTHER_APP, token: other, account: second }],
        ['user.logout_everywhere', { account: second }],
      ),
    ];
  },

  'account-api': (deployment) => {
    const done =
      (endpoint: Endpoint, body: object, app = APP): Step =>
      async () =>
        expect(await call(deployment, app, endpoint, body)).toBe(0);
    const tokens = [[token], [token, other]];
    const accounts = [[account], [account, second]];
    const bound = (operator_type: number) =>
      tokens.map((some) => {
        const account_list = [{ account }, { account: second }];
        return { operator_type, token_accounts: some.map((each) => ({ token: each, account_list })) };
      });
    return [
      ...[1, 2, 3, 1].flatMap(bound).map((body) => done('operate', body)),
      ...tokens.map((some) => done('query', accountsOf(...some))),
      ...accounts.map((some) => done('query', tokensOf(...some))),
      ...tokens.map((token_list) => done('operate', { operator_type: 4, token_list })),
      ...accounts.map((some) => done('operate', { ...tokensOf(...some), operator_type: 5 })),
      done('query', accountsOf(token), OTHER_APP),
    ];
  },

  devices: (deployment) => {
    const signIn = (bearer: (nowS: number) => string | Promise<string>, body: object, app = APP) =>
      asked(deployment, `/devices/${app}/sign-in`, async () => bearer(Date.now() / 1000), body);
    const { issuer: iss, audience: aud } = DEVELOPMENT;
    const bearerFor =
      (sub: string) =>
      (iat: number): Promise<string> =>
        bearerOf(IDENTITY_KEY, { iss, aud, sub, sid: `${CANARY}-session`, iat, exp: iat + 60 });
    const ticket = (iat: number) =>
      ticketOf({ sub: account, iat, exp: iat + 60 }, deployment.secret('Credentials/source web'));
    const Signed = z.object({ receipt: z.string() });
    const signOut: Step = async () => {
      const { receipt } = Signed.parse(await signIn(bearerFor(second), { token: phone })());
      await asked(deployment, `/devices/${APP}/sign-out`, undefined, { receipt })();
    };
    const [phone, later] = [`${token}-phone`, `${token}-phone-later`];
    const installation_id = `${CANARY}-phone`;
    return [
      signIn(bearerFor(account), { token: phone }),
      signIn(ticket, { token: phone }),
      signIn(bearerFor(second), { token: phone, mode: 'append' }),
      ...[phone, later].map((each) => signIn(bearerFor(account), { token: each, installation_id })),
      signOut,
      signIn(bearerFor(second), { token: phone }, OTHER_APP),
    ];
  },

  resolve: (deployment) => {
    const secret = async () => deployment.secret('Credentials/reader push');
    const question = (path: string, body: object) => asked(deployment, path, secret, body);
    const bound: Step = () =>
      apply(deployment, ...APPS.map((app) => operation({ ...bind, app, token: `${token}-asked` })));
    const unknownReceipt: Step = async () => {
      const headers = { authorization: `Bearer ${await secret()}` };
      expect((await fetch(`${deployment.url}/v1/operations/unknown`, { headers })).status).toBe(404);
    };
    return [
      bound,
      unknownReceipt,
      question('/v1/resolve', { accounts: [{ account }] }),
      question('/v1/resolve', { accounts: [{ account }, { account: second }] }),
      question('/v1/devices', { tokens: [`${token}-asked`] }),
      question('/v1/devices', { tokens: [`${token}-asked`, other], apps: [APP] }),
    ];
  },
};
