import { computed, signal } from '@preact/signals';
import type { About, Asks, Phone, Question, Row } from '../wire.ts';
import { visible } from './words.ts';

/** A key that the address carries against a deployment, and this tab keeps. No address that is sent to a server has it. */
const key = new URLSearchParams(location.hash.split('?')[1] ?? '').get('key') ?? sessionStorage.getItem('key');
if (key !== null) sessionStorage.setItem('key', key);

/** Asks the server of the page. Throws its message. */
export async function ask<K extends keyof Asks>(name: K, question: Question = {}): Promise<Asks[K]> {
  const response = await fetch(`/console/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { 'x-console-key': key }) },
    body: JSON.stringify(question),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(messageIn(answer));
  // The server of the same version answers: wire.ts has the types of both.
  return answer as Asks[K];
}

const messageIn = (answer: unknown): string =>
  typeof answer === 'object' && answer !== null && 'message' in answer ? `${answer.message}` : 'no answer';

export const VIEWS = ['phones', 'events', 'leak', 'timeline', 'queue'] as const;
export type View = (typeof VIEWS)[number];
const viewIn = (): View => VIEWS.find((one) => location.hash.split('?')[0] === `#${one}`) ?? 'phones';

export const view = signal<View>(viewIn());
export const about = signal<About | undefined>(undefined);
export const isLive = signal(false);
export const notice = signal('');
/** Rows of the requests, the newest first. */
export const rows = signal<readonly Row[]>([]);
export const opened = signal<number | undefined>(undefined);
export const phones = signal<readonly Phone[]>([]);
export const areAll = signal(true);
export const find = signal('');
/** Against a deployment, names of people and tokens are hidden until the operator asks for them. */
export const isRevealed = signal(false);
export const isHidden = computed(() => about.value?.isReadOnly === true && !isRevealed.value);

/** A name as it may be shown. */
export const shown = (name: string): string => (isHidden.value ? `${[...name][0]}${'•'.repeat(5)}` : visible(name));

/** Runs work that a person asked for, and shows its error. */
export async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    notice.value = error instanceof Error ? error.message : String(error);
  }
}

/** The most rows that the page keeps, like the server. */
const MOST = 10_000;

function merge(changed: readonly Row[]): void {
  const known = new Map(rows.value.map((row) => [row.n, row]));
  for (const row of changed) known.set(row.n, row);
  rows.value = [...known.values()].sort((a, b) => b.n - a.n).slice(0, MOST);
}

let recording = '';

/** Listens while the tab is seen: a browser has six connections to an address, and more tabs would wait for one. */
function connect(): void {
  const source = new EventSource('/console/stream');
  const end = () => {
    if (!document.hidden) return;
    source.close();
    document.removeEventListener('visibilitychange', end);
    document.addEventListener('visibilitychange', connect, { once: true });
  };
  document.addEventListener('visibilitychange', end);
  source.addEventListener('begin', ({ data }) => {
    // An instance that was started again has other rows under the numbers of these, and perhaps other secrets.
    if (recording !== '' && recording !== data) location.reload();
    recording = data;
    isLive.value = true;
  });
  source.onmessage = ({ data }) => {
    // The server of the same version writes it.
    merge(JSON.parse(data) as Row[]);
    refreshSoon();
  };
  source.onerror = () => {
    isLive.value = false;
  };
}

let isWaiting = false;
let isReading = false;

/** Reads the phones again, at most some times a second. */
export function refreshSoon(delayMs = 150): void {
  if (isWaiting) return;
  isWaiting = true;
  setTimeout(async () => {
    isWaiting = false;
    if (isReading) return refreshSoon();
    isReading = true;
    await refresh().catch(() => {});
    isReading = false;
  }, delayMs);
}

async function refresh(): Promise<void> {
  const answer = await ask('phones', { find: find.value });
  phones.value = answer.phones;
  areAll.value = answer.isWhole;
}

/** Time between two readings of a deployment, whose events are not streamed (ms). */
const POLL_MS = 10_000;

export async function begin(): Promise<void> {
  addEventListener('hashchange', () => {
    view.value = viewIn();
  });
  about.value = await ask('about');
  if (about.value.isReadOnly) setInterval(() => document.hidden || refreshSoon(), POLL_MS);
  else connect();
  refreshSoon(0);
}
