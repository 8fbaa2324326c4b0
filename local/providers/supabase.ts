import type { Provider, Sample } from './provider.ts';

const change = (type: string, table: string, record: object | null, old_record: object | null) => ({
  ...{ type, table, schema: 'auth', record, old_record },
});

const user = ({ account: id }: Sample, columns: object = {}) => ({
  ...{ id, aud: 'authenticated', role: 'authenticated', banned_until: null, deleted_at: null, ...columns },
});

const updated = (columns: (now: Date) => object) => (sample: Sample) =>
  change(
    'UPDATE',
    'users',
    user(sample, { updated_at: sample.now.toISOString(), ...columns(sample.now) }),
    user(sample),
  );

/** https://supabase.com/docs/guides/database/webhooks; columns of supabase/auth:migrations (MIT). */
export const supabase: Provider = {
  events: {
    'INSERT auth.sessions': ({ account, session }) =>
      change('INSERT', 'sessions', { id: session, user_id: account }, null),
    'DELETE auth.sessions': ({ account, session }) =>
      change('DELETE', 'sessions', null, { id: session, user_id: account }),
    'DELETE auth.users': (sample) => change('DELETE', 'users', null, user(sample)),
    'UPDATE auth.users, banned': updated((now) => ({
      banned_until: new Date(now.getTime() + 3_600_000).toISOString(),
    })),
    'UPDATE auth.users, deleted': updated((now) => ({ deleted_at: now.toISOString() })),
    'UPDATE auth.users': updated((now) => ({ last_sign_in_at: now.toISOString() })),
  },
  request: (payload, { secret }) => ({
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
    body: `${JSON.stringify(payload)}`,
  }),
};
