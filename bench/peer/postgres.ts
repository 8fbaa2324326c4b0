import pg from 'pg';
import { isBind } from '../../functions/core/stamp.ts';
import type { PeerRegistry, Rows } from './registry.ts';

const SCHEMA = `
  create table tokens (app text, token text, at text not null, primary key (app, token));
  create table edges (app text, token text, account text, at text not null, primary key (app, token, account));
  create index on edges (app, account);
  create table accounts (app text, account text, at text not null, primary key (app, account));`;

const COLUMNS: Readonly<Record<keyof Rows, readonly string[]>> = {
  tokens: ['app', 'token', 'at'],
  edges: ['app', 'token', 'account', 'at'],
  accounts: ['app', 'account', 'at'],
};

/** An insert that keeps the later moment of a key. `source`: the rows, at most one of each key. */
function upsert(table: keyof Rows, source: string): string {
  const keys = COLUMNS[table].slice(0, -1).join(', ');
  return `insert into ${table} (${COLUMNS[table].join(', ')}) ${source}
    on conflict (${keys}) do update set at = excluded.at where ${table}.at < excluded.at`;
}

/** Rows from arrays, one a column. They are sorted, so that two statements lock the same rows in the same order. */
function fromArrays(table: keyof Rows, first: number): string {
  const [all, keys] = [COLUMNS[table].join(', '), COLUMNS[table].slice(0, -1).join(', ')];
  const arrays = COLUMNS[table].map((_, i) => `$${first + i}::text[]`).join(', ');
  return `select distinct on (${keys}) ${all} from unnest(${arrays}) as given (${all}) order by ${keys}, at desc`;
}

/** A request of any size is one statement, which is one transaction. */
const APPLY = `with t as (${upsert('tokens', fromArrays('tokens', 1))}),
  a as (${upsert('accounts', fromArrays('accounts', 8))})
  ${upsert('edges', fromArrays('edges', 4))}`;

/** A login of one account, the commonest request, without arrays. */
const LOGIN = `with t as (${upsert('tokens', 'values ($1, $2, $3)')}) ${upsert('edges', 'values ($1, $2, $4, $5)')}`;

const EDGES = `select e.token, e.account, e.at from edges e
  left join tokens t on t.app = e.app and t.token = e.token
  left join accounts a on a.app = e.app and a.account = e.account
  where e.at > greatest(t.at, a.at, '') and e.app = $1`;

type Edge = { readonly token: string; readonly account: string; readonly at: string };

/** The registry in PostgreSQL, behind a pool of connections to a socket in this folder. */
export async function postgresRegistry(folder: string): Promise<PeerRegistry> {
  const pool = new pg.Pool({ host: folder, user: 'bench', database: 'postgres', max: 8 });
  await pool.query(SCHEMA);
  const bound = async (column: 'token' | 'account', values: readonly string[]): Promise<Edge[]> => {
    const text = `${EDGES} and e.${column} = $2 order by e.at desc`;
    const { rows } = await pool.query<Edge>({ name: column, text, values: [...values] });
    return rows.filter(({ at }) => isBind(at));
  };
  return {
    apply: ({ tokens, edges, accounts }) => {
      const [[token], [edge]] = [tokens, edges];
      if (token && edge && tokens.length + edges.length === 2 && accounts.length === 0)
        return pool.query({ name: 'login', text: LOGIN, values: [...token, ...edge.slice(2)] });
      const values = [...transposed(tokens, 3), ...transposed(edges, 4), ...transposed(accounts, 3)];
      return pool.query({ name: 'apply', text: APPLY, values });
    },
    accountsOf: async (...key) => (await bound('token', key)).map(({ account }) => account),
    tokensOf: async (...key) => (await bound('account', key)).map(({ token }) => token),
  };
}

const transposed = (rows: readonly (readonly string[])[], columns: number): (string | undefined)[][] =>
  Array.from({ length: columns }, (_, i) => rows.map((row) => row[i]));
