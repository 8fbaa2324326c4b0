import { Pool } from 'undici';
import { takingTurns } from '../../local/lambda/invoke.ts';
import type { Bench, Group } from '../group.ts';
import { EVENTS_PATH, signed } from '../installation.ts';
import { median } from '../measure.ts';
import { atMost, type Row, row, versionOf } from '../report.ts';
import { loginBody } from '../sample-events.ts';
import { type App, STORE_NAMES, startOurs, startPeer } from './apps.ts';

/** Concurrent requests by their size: as many as one process finishes within the second that a request may wait. */
const AT_ONCE: Readonly<Record<number, number>> = { 1: 8, 100: 2 };

/**
 * Bindery beside servers that do the same job: Fastify with PostgreSQL or with Redis. All take the same signed logins and
 * apply them. Our queue and table are the stub's, which answers at once; AWS bills them by the request.
 */
export const peers: Group = async (bench) => {
  const notes: string[] = [];
  const apps = [await startOurs(bench)];
  for (const store of STORE_NAMES) {
    const app = await startPeer(store);
    if (app === undefined) notes.push(`no rows of the peer with ${store}: it is not installed on this machine`);
    else apps.push(app);
  }
  const rows: Row[] = [];
  for (const size of [1, 100]) rows.push(...rowsOf(size, await rounds(bench, apps, size)));
  for (const app of apps) await app.stop();
  const versions = ['fastify', 'pg', 'ioredis'].map((name) => `${name} ${versionOf(name)}`).join(', ');
  return { rows, notes: apps.length > 1 ? [...notes, `peers: ${versions}; ${SAME_JOB}`, OTHER_JOB] : notes };
};

const SAME_JOB =
  'one process each, exclusive by event time, order-free, both queries by index, lists in one statement; a commit of PostgreSQL waits for the disk, Redis flushes once a second';
const OTHER_JOB =
  'peers have no queue, sessions, leases, installations, mirrors, limits or collection of garbage, and their database runs when nothing comes; ours at rest costs nothing but its fixed cost';

/** Per event: processor time of the app (µs), that of its store or poller, and events a second. */
type Speed = { readonly service: number; readonly beside: number; readonly perS: number };

/** The first rounds, which only warm up. */
const WARM_UP = 2;

/**
 * Measures every app's speed with requests of this size, in turns. Each app gets as many requests a round as it finishes
 * in the same time: with the same number for all, the fast ones would stay cold.
 */
async function rounds({ effort }: Bench, apps: readonly App[], size: number): Promise<Map<string, Speed>> {
  const first = Math.max(2, Math.round(effort.sliceMs * (size === 1 ? 6 : 0.21)));
  const measured = new Map<string, Speed[]>();
  for (let round = -WARM_UP; round < Math.min(effort.rounds, 5); round++)
    for (const app of apps) {
      const speeds = measured.get(app.name) ?? [];
      const perS = speeds.at(-1)?.perS;
      const requests = perS === undefined ? first : Math.ceil((perS * effort.sliceMs * SLICES) / 1000 / size);
      measured.set(app.name, [...speeds, await speedOf(app, requests, size)]);
    }
  return new Map(
    [...measured].map(([name, all]) => {
      const middle = (of: keyof Speed) => median(all.slice(WARM_UP).map((speed) => speed[of]));
      return [name, { service: middle('service'), beside: middle('beside'), perS: middle('perS') }];
    }),
  );
}

/** Slices in a round. Rounds are longer than in other groups because messages first wait for the queue's second. */
const SLICES = 24;

async function speedOf({ url, progress, countOf }: App, requests: number, size: number): Promise<Speed> {
  const pool = new Pool(url, { connections: AT_ONCE[size] ?? 1 });
  const bodies = await Promise.all(Array.from({ length: requests }, () => nextBody(size)));
  const [before, start, inTurn] = [await progress(0), performance.now(), takingTurns(AT_ONCE[size] ?? 1)];
  const answers = await Promise.all(bodies.map(({ body, headers }) => inTurn(() => post(pool, body, headers))));
  const answered = performance.now();
  const now = await progress(before.done + requests * countOf(size));
  // 200: the request is applied. 202: it is durable, and applied later.
  const end = answers.every((status) => status === 200) ? answered : performance.now();
  const [seconds, events] = [(end - start) / 1000, requests * size];
  await pool.close();
  return {
    service: (now.service - before.service) / events,
    beside: (now.beside - before.beside) / events,
    perS: events / seconds,
  };
}

let sent = 0;

/** Signs before the round starts, because the sender's work is not measured. */
async function nextBody(size: number): Promise<{ body: string; headers: Record<string, string> }> {
  const body = loginBody(size, sent);
  sent += size;
  return { body, headers: { 'content-type': 'application/json', ...(await signed(body, `msg_${sent}`)) } };
}

async function post(pool: Pool, body: string, headers: Record<string, string>): Promise<number> {
  const answer = await pool.request({ method: 'POST', path: EVENTS_PATH, headers, body });
  const text = await answer.body.text();
  if (answer.statusCode > 202) throw new Error(`an app answered ${answer.statusCode}: ${text}`);
  return answer.statusCode;
}

/** The most that a hundred events may cost, relative to PostgreSQL with its server. */
const MOST = 2;

function rowsOf(size: number, speeds: Map<string, Speed>): Row[] {
  const ours = speeds.get('ours');
  if (ours === undefined) throw new Error('bug: ours was not measured');
  return STORE_NAMES.flatMap((store) => {
    const peer = speeds.get(store);
    if (peer === undefined) return [];
    const label = `ours / Fastify and ${store}, ${size} a request`;
    const cpu = (name: string, mine: number, reference: number) => ({
      name: `${label}: ${name}`,
      unit: 'µs CPU/event',
      ours: mine,
      reference,
    });
    const goal = store === 'PostgreSQL' && size === 100 ? atMost(MOST) : undefined;
    return [
      row(cpu('service', ours.service, peer.service)),
      row(cpu('service and its store', ours.service, peer.service + peer.beside), goal),
      row(cpu('and our SQS poller', ours.service + ours.beside, peer.service + peer.beside)),
      row({ name: label, unit: 'events/s', ours: ours.perS, reference: peer.perS }),
    ];
  });
}
