import pg from 'pg';
import { Bindery } from '../../client/bindery.ts';
import { SCHEMA, sendAll } from './outbox.ts';

const { BINDERY_URL = '', BINDERY_SOURCE, BINDERY_SECRET } = process.env;

const report = (error: unknown) => process.stderr.write(`${error}\n`);

// The process beside the back end that sends the outbox. It finds the database by PGHOST, PGUSER, PGPASSWORD, PGDATABASE.
const pool = new pg.Pool({ max: 1 });
pool.on('error', report);
await pool.query(SCHEMA);
const bindery = new Bindery({ url: BINDERY_URL, source: BINDERY_SOURCE, secret: BINDERY_SECRET });
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
await sendAll(pool, bindery, stop.signal, report);
await pool.end();
