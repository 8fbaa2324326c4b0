import { randomUUID } from 'node:crypto';
import type { Exchange } from '../lambda/http.ts';
import { bodyOf, describe, isRecord, jsonIn, type LogLine, toneOf } from './describe.ts';
import type { Row } from './wire.ts';

/** The most requests that are kept. */
const MOST = 10_000;

/** Requests of the page itself, which are not shown, carry this header. */
export const OWN = 'x-bindery-console';

export type Seen = { readonly row: Row; readonly exchange: Exchange; readonly line: LogLine };

/** Keeps the last requests with their answers and log lines, and passes each row on to the pages that are open. */
export class Recording {
  /** Tells an instance that was started again from the one before it. */
  readonly id = randomUUID();
  readonly #seen = new Map<number, Seen>();
  readonly #byId = new Map<string, number>();
  readonly #lines = new Map<string, LogLine>();
  readonly #held = new Map<string, () => void>();
  readonly #listeners = new Set<(rows: readonly Row[]) => void>();
  /** The fence that each phone got for its own sign-in. */
  readonly #fences = new Map<string, string>();
  #last = 0;
  #changed = new Map<number, Row>();

  /** Reads a log line of a function. That of a request comes before its answer, those of the worker after it. */
  read(line: LogLine): void {
    const { id, ids, message } = line;
    if (message === 'request' && typeof id === 'string') this.#lines.set(id, line);
    if (message !== 'apply') return;
    for (const one of `${ids ?? id ?? ''}`.split(' ')) this.#applied(one, line);
  }

  /** Waits with the line of a question until it is known to be of a sender: those of the page would fill the log. */
  hold(line: LogLine, print: () => void): boolean {
    if (line['stage'] !== 'resolve' || line['message'] !== 'request') return false;
    this.#held.set(`${line['id']}`, print);
    return true;
  }

  add(exchange: Exchange): Seen | undefined {
    const { requestId } = exchange.event.requestContext;
    const line = this.#lines.get(requestId) ?? {};
    const print = this.#held.get(requestId);
    this.#lines.delete(requestId);
    this.#held.delete(requestId);
    if (exchange.event.headers[OWN] !== undefined) return undefined;
    print?.();
    this.#last += 1;
    const seen = { row: describe(this.#last, exchange, line), exchange, line };
    this.#byId.set(requestId, this.#last);
    this.#put(seen);
    this.#keepFence(exchange);
    const oldest = this.#seen.get(this.#last - MOST);
    if (oldest) {
      this.#seen.delete(oldest.row.n);
      this.#byId.delete(oldest.exchange.event.requestContext.requestId);
    }
    return seen;
  }

  get = (n: number): Seen | undefined => this.#seen.get(n);
  rows = (): Row[] => [...this.#seen.values()].map(({ row }) => row);

  fenceOf = (app: string, token: string): string | undefined => this.#fences.get(JSON.stringify([app, token]));

  /** Puts other words in the place of an outcome. */
  reword(n: number, outcome: string): void {
    const seen = this.#seen.get(n);
    if (seen) this.#put({ ...seen, row: { ...seen.row, outcome } });
  }

  /** Calls with the rows that are new or changed, a few times a second. Returns how to end it. */
  listen(listener: (rows: readonly Row[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keepFence({ event, result }: Exchange): void {
    const app = /^\/devices\/([^/]+)\/sign-in$/.exec(event.rawPath)?.[1];
    const [sent, reply] = [jsonIn(bodyOf(event)), jsonIn(result.body)];
    if (app === undefined || !isRecord(sent) || !isRecord(reply) || typeof reply['fence'] !== 'string') return;
    this.#fences.set(JSON.stringify([app, sent['token']]), reply['fence']);
  }

  #applied(id: string, line: LogLine): void {
    const seen = this.#seen.get(this.#byId.get(id) ?? 0);
    if (seen === undefined) return;
    const parked = Number(line['parked'] ?? 0);
    if (parked > 0) this.#put({ ...seen, row: { ...seen.row, tone: 'trouble', outcome: 'parked: see Queue' } });
    else if (seen.row.status === 202 && line['outcome'] === 'done')
      this.#put({ ...seen, row: { ...seen.row, tone: toneOf('applied'), outcome: 'applied from the queue' } });
  }

  #put(seen: Seen): void {
    this.#seen.set(seen.row.n, seen);
    if (this.#changed.size === 0) setTimeout(() => this.#flush(), FLUSH_MS).unref();
    this.#changed.set(seen.row.n, seen.row);
  }

  #flush(): void {
    const rows = [...this.#changed.values()];
    this.#changed = new Map();
    for (const listener of this.#listeners) listener(rows);
  }
}

/** Rows of so many ms go to the pages together. */
const FLUSH_MS = 60;
