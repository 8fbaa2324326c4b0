import { accountsOf } from '../bodies.ts';
import { PATHS } from '../dialects.ts';
import { same } from '../expectation.ts';
import type { Rule } from '../rule.ts';

/** Rules for other methods and paths. */
export const HTTP: readonly Rule[] = [
  {
    name: 'post-only',
    says: 'A method other than POST gets HTTP 405 and the header Allow.',
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
    says: 'An unknown path gets HTTP 404.',
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
