import type { Api, Ask } from '../api.ts';
import { accountsOf, clearTokens, override, tokensOf } from '../bodies.ts';
import { SPELLINGS } from '../dialects.ts';
import { isTrue, same } from '../expectation.ts';
import { turnedAway } from '../refusal.ts';
import type { Rule } from '../rule.ts';
import { codeOf, given, stays } from '../steps.ts';

const TEN_MINUTES = 600_000;

/** Expects a failed authentication from both endpoints, although the body is right. */
async function closed(api: Api, ask: Omit<Ask, 'body' | 'endpoint'>): Promise<void> {
  await turnedAway(api, { ...ask, body: clearTokens(api.token()) });
  await turnedAway(api, { ...ask, endpoint: 'query', body: accountsOf(api.token()) });
}

/** Rules for credentials. */
export const AUTHENTICATION: readonly Rule[] = [
  {
    name: 'no-credential',
    says: 'A request without a credential gets HTTP 403 and the code of a failed authentication.',
    from: 'document',
    check: (api) => closed(api, { credential: 'none' }),
  },
  {
    name: 'wrong-secret',
    says: 'A wrong secret gets HTTP 403.',
    from: 'document',
    check: (api) => closed(api, { credential: { secret: 'not the secret' } }),
  },
  {
    name: 'wrong-app',
    says: 'A secret with the name of another app gets HTTP 403.',
    from: 'document',
    check: (api) => closed(api, { credential: { app: 'no-such-app' } }),
  },
  {
    name: 'broken-header',
    says: 'A credential that cannot be read gets HTTP 403.',
    from: 'bindery',
    check: async (api) => {
      const headers = ['Basic', 'Basic !!!!', 'Basic bm8tY29sb24=', 'Bearer bm8tY29sb24=', 'Basic Og=='];
      for (const authorization of headers) await closed(api, { credential: 'none', headers: { authorization } });
      await closed(api, { credential: 'none', headers: { AccessId: '', TimeStamp: '', Sign: '' } });
    },
  },
  {
    name: 'nothing-is-shown-or-changed',
    says: 'A request with a wrong credential shows nothing and changes nothing.',
    from: 'document',
    check: async (api) => {
      const [phone, alice, mallory] = [api.token(), api.account('alice'), api.account('mallory')];
      await given(api, phone, alice);
      for (const credential of ['none', { secret: 'not the secret' }, { app: 'no-such-app' }] as const) {
        for (const body of [override(phone, mallory), clearTokens(phone)]) await api.send({ credential, body });
        for (const body of [accountsOf(phone), tokensOf(alice)]) {
          const { text } = await api.send({ credential, endpoint: 'query', body });
          isTrue('a name was shown', !text.includes(phone) && !text.includes(alice.account));
        }
      }
      await stays(api, phone, alice);
    },
  },
  {
    name: 'credential-before-body',
    says: 'A wrong credential gets HTTP 403 also if the body is wrong.',
    from: 'bindery',
    check: async (api) => {
      const credential = { secret: 'not the secret' };
      for (const body of ['{', {}, { operator_type: 9 }]) await turnedAway(api, { credential, body });
    },
  },
  {
    name: 'signature-covers-body',
    says: 'A signature holds for the bytes of its own body only.',
    from: 'document',
    only: { authentication: 'sign' },
    check: async (api) => {
      const body = JSON.stringify(clearTokens(api.token()));
      for (const signed of [`${body} `, '', body.replace('4', '5')]) await turnedAway(api, { body, signed });
    },
  },
  {
    name: 'signature-ages',
    says: 'A signature with a TimeStamp more than ten minutes from now gets HTTP 403; five minutes are accepted.',
    from: 'bindery',
    only: { authentication: 'sign' },
    check: async (api) => {
      for (const skewMs of [-TEN_MINUTES - 60_000, TEN_MINUTES + 60_000]) await closed(api, { credential: { skewMs } });
      for (const skewMs of [-TEN_MINUTES / 2, TEN_MINUTES / 2]) {
        const answer = await api.send({ credential: { skewMs }, body: clearTokens(api.token()) });
        same('the code', codeOf(api, 'operate', answer), 0);
      }
    },
  },
  {
    name: 'either-way-of-proof',
    says: 'Clients of both dialects may sign or use Basic authentication.',
    from: 'bindery',
    check: async (api) => {
      for (const authentication of ['basic', 'sign'] as const) {
        const answer = await api.send({ credential: { authentication }, body: clearTokens(api.token()) });
        same(`the code with ${authentication}`, codeOf(api, 'operate', answer), 0);
      }
    },
  },
  {
    name: 'both-spellings',
    says: 'A refusal has the codes of both dialects if the app is unknown.',
    from: 'bindery',
    check: async (api) => {
      const { json } = await api.send({ credential: 'none', endpoint: 'query', body: {} });
      const { ret_code, retCode } = Object(json);
      const expected = [SPELLINGS.xg.codes.notAuthenticated, SPELLINGS.tpns.codes.notAuthenticated];
      same('the codes', [ret_code, retCode], expected);
    },
  },
];
