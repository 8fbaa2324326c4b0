import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startPostgres } from '../../bench/peer/servers.ts';
import { Bindery } from '../../client/bindery.ts';
import { SCHEMA, store } from '../../examples/outbox/outbox.ts';
import { root, sharedInstance } from '../local/instance.ts';

const shared = sharedInstance();

/** A database with the outbox, sessions beside it, and a client of the local instance; undefined without PostgreSQL. */
async function backEnd() {
  const server = await startPostgres();
  if (server === undefined) return undefined;
  const connection = { PGHOST: server.where, PGUSER: 'bench', PGDATABASE: 'postgres' };
  const pool = new pg.Pool({ host: server.where, user: 'bench', database: 'postgres' });
  onTestFinished(async () => {
    await pool.end();
    await server.stop();
  });
  await pool.query(`${SCHEMA} create table sessions (id text primary key)`);
  const { url, sources, readers } = shared().instance;
  const secret = sources[0]?.secret;
  const bindery = new Bindery({ url, source: 'app', secret, reader: readers[0]?.secret });
  const tokensOf = async (account: string) =>
    (await bindery.resolve([{ account }])).flatMap(({ devices }) => devices.map(({ token }) => token));
  /** Runs work in one transaction. */
  const inTransaction = async (work: (db: pg.PoolClient) => Promise<unknown>) => {
    const db = await pool.connect();
    await db.query('begin');
    const end = await work(db).then(
      () => 'commit',
      () => 'rollback',
    );
    await db.query(end);
    db.release();
  };
  const left = async () => {
    const { rows } = await pool.query('select id, sent_at, refused, tries from bindery_outbox order by seq');
    return rows;
  };
  return { url, secret, connection, bindery, tokensOf, inTransaction, left };
}

/** Starts the sender in a process of its own. It ends with the test. */
function sender(environment: Readonly<Record<string, string | undefined>>): ChildProcess {
  const script = join(root, 'examples/outbox/sender.ts');
  const child = spawn(process.execPath, [script], { env: { ...process.env, ...environment }, stdio: 'inherit' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** A proxy that keeps each request, and calls `onAnswer` between Bindery's answer and passing it on. */
async function proxyOf(url: string, onAnswer: (count: number) => unknown) {
  const seen: { id: string; body: string; outcome: string }[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const headers = Object.entries(request.headers).filter(([name]) => /^webhook-|^content-type$/.test(name));
    const options = {
      method: 'POST',
      body,
      headers: headers.map(([name, value]): [string, string] => [name, `${value}`]),
    };
    const answer = await fetch(`${url}${request.url}`, options);
    const reply = await answer.text();
    seen.push({ id: `${request.headers['webhook-id']}`, body, outcome: JSON.parse(reply).outcome });
    await onAnswer(seen.length);
    response.writeHead(answer.status).end(reply);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // A server that listens on a port has an address with one.
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

test('an outbox loses nothing and doubles nothing if its sender is killed between sending and marking', async ({
  skip,
}) => {
  const made = await backEnd();
  if (made === undefined) return skip('there is no PostgreSQL here');
  const { bindery, inTransaction, tokensOf, left } = made;
  const login = (db: pg.PoolClient, account: string) =>
    store(db, bindery, 'user.login', { app: 'xg-android', token: 'box-1', account });
  await inTransaction(async (db) => {
    await db.query("insert into sessions values ('s1')");
    await login(db, 'box-alice');
  });
  await inTransaction(async (db) => {
    await login(db, 'box-mallory');
    await db.query("insert into sessions values ('s1')"); // fails: the login has not happened
  });
  const killed = Promise.withResolvers<void>();
  const proxy = await proxyOf(made.url, (count) => {
    if (count > 1) return;
    first.kill('SIGKILL');
    return killed.promise;
  });
  const environment = {
    ...made.connection,
    BINDERY_URL: proxy.url,
    BINDERY_SOURCE: 'app',
    BINDERY_SECRET: made.secret,
  };
  const first = sender(environment);
  await once(first, 'exit');
  killed.resolve();
  expect([await tokensOf('box-alice'), await left()]).toMatchObject([['box-1'], [{ sent_at: null, tries: 0 }]]);
  await bindery.login({ app: 'xg-android', token: 'box-1', account: 'box-bob' });
  await inTransaction((db) => store(db, bindery, 'user.login', { app: 'none', token: 'box-3', account: 'box-carol' }));
  await inTransaction((db) =>
    store(db, bindery, 'user.login', { app: 'xg-android', token: 'box-2', account: 'box-alice' }),
  );
  const second = sender(environment);
  await vi.waitFor(async () => expect(await tokensOf('box-alice')).toEqual(['box-2']), 20_000);
  await vi.waitFor(async () => expect((await left()).every((row) => row.sent_at || row.refused)).toBe(true), 20_000);
  expect(await tokensOf('box-bob')).toEqual(['box-1']);
  const [one, again, ...others] = proxy.seen;
  expect(again).toEqual({ ...one, outcome: 'superseded' });
  expect(others).toHaveLength(2);
  const sent = { sent_at: expect.any(Date), refused: null };
  const refused = { sent_at: null, refused: expect.stringMatching(/^HTTP 400: invalid_event: .*data\.app/) };
  expect(await left()).toMatchObject([sent, refused, sent]);
  second.kill('SIGTERM');
  expect(await once(second, 'exit')).toEqual([0, null]);
});
