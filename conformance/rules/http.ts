import { accountsOf } from '../bodies.ts';
import { PATHS } from '../dialects.ts';
import { same } from '../expectation.ts';
import type { Rule } from '../rule.ts';

/** Requests that are not for the Account API. */
export const HTTP: readonly Rule[] = [
  {
    name: 'post-only',
    says: 'Another method than POST is answered 405, with the method that is right.',
    from: 'bindery',
    check: async (api) => {
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH'] as const) {
        const { status, headers } = await api.send({ method, endpoint: 'query', body: accountsOf(api.token()) });
        same(`the status and header for ${method}`, [status, headers['allow']], [405, 'POST']);
      }
    },
  },
  {
    name: 'other-paths',
    says: 'A path that the API does not have is answered 404.',
    from: 'bindery',
    check: async (api) => {
      for (const path of [
        '/v3/device/account',
        `${PATHS.query}/x`,
        '/v3/device/account/Query',
        '/v2/device/account/query',
      ])
        same(`the status of ${path}`, (await api.send({ path, body: accountsOf(api.token()) })).status, 404);
    },
  },
];
