import { setTimeout } from 'node:timers/promises';
import type { ClientBase, Pool } from 'pg';
import { type Bindery, type Event, type EventData, NotSignedError, RefusedError } from '../../client/bindery.ts';

export const SCHEMA = `
  create table if not exists bindery_outbox (
    seq bigint generated always as identity primary key,
    id text not null,
    body text not null,
    tries int not null default 0,
    due timestamptz not null default now(),
    sent_at timestamptz,
    refused text
  );
  create index if not exists bindery_outbox_unsent on bindery_outbox (seq) where sent_at is null and refused is null;`;

/**
 * Stores an event in the transaction that changes the session, after that change: its time is then that of the database,
 * which is one clock for all processes.
 */
export async function store<T extends keyof EventData>(db: ClientBase, bindery: Bindery, type: T, data: Event<T>) {
  const { rows } = await db.query<{ at: Date }>('select clock_timestamp() as at');
  const { id, body } = bindery.message(type, { at: rows[0]?.at, ...data });
  await db.query('insert into bindery_outbox (id, body) values ($1, $2)', [id, body]);
}

const NEXT = `select seq, id, body from bindery_outbox
  where sent_at is null and refused is null and due <= now() order by seq limit 1 for update skip locked`;

/**
 * Changes of a row after an attempt. One that fails is due again after 2, 4, 8 … 256 seconds, and does not stop those behind
 * it.
 */
const MARKS = {
  sent: 'sent_at = now()',
  refused: 'refused = $2',
  later: "due = now() + interval '1 second' * 2 ^ least(tries + 1, 8)",
};

type Row = { readonly seq: string; readonly id: string; readonly body: string };

/**
 * Sends the oldest event that is due. Returns undefined if there is none. The row is locked meanwhile; a sender that dies
 * leaves it unsent, and the next sends the same id and body again, which changes nothing.
 */
async function sendNext(pool: Pool, bindery: Bindery): Promise<'sent' | { readonly error: unknown } | undefined> {
  const db = await pool.connect();
  try {
    await db.query('begin');
    const [row] = (await db.query<Row>(NEXT)).rows;
    const result =
      row &&
      (await bindery.send(row).then(
        () => 'sent' as const,
        (error: unknown) => ({ error }),
      ));
    if (row && result) await mark(db, row, result === 'sent' ? undefined : result.error);
    await db.query('commit');
    db.release();
    return result;
  } catch (error) {
    db.release(true); // closes the connection, and so ends the transaction
    throw error;
  }
}

async function mark(db: ClientBase, { seq }: Row, error: unknown): Promise<void> {
  // Bindery never accepts what it has refused, but for the fault of a secret or of a clock.
  const isRefused = error instanceof RefusedError && !(error instanceof NotSignedError);
  const set = isRefused ? MARKS.refused : error === undefined ? MARKS.sent : MARKS.later;
  const values = isRefused ? [seq, error.message] : [seq];
  await db.query(`update bindery_outbox set tries = tries + 1, ${set} where seq = $1`, values);
}

/** Sends events until the signal. `report` gets the errors; those of Bindery have no account or token in them. */
export async function sendAll(
  pool: Pool,
  bindery: Bindery,
  signal: AbortSignal,
  report: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    const result = await sendNext(pool, bindery).catch((error: unknown) => ({ error }));
    if (result === 'sent') continue;
    if (result !== undefined) report(result.error);
    await setTimeout(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
}

/** The pause of a sender that finds no event, or whose event failed (ms). */
const PAUSE_MS = 500;
