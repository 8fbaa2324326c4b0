import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Mirrored, ParkedReason, Queues } from '../wire.ts';
import { Table } from './controls.tsx';
import { about, ask, attempt, shown } from './state.ts';
import { clock, span } from './words.ts';

/** Time between two readings of the depths (ms). */
const EVERY_MS = 2_000;

const queues = signal<Queues>({ depths: [], mirrors: [] });
const parked = signal<readonly ParkedReason[] | undefined>(undefined);
const lines = signal<{ readonly reason: string | undefined; readonly lines: readonly string[] } | undefined>(undefined);

const readParked = async (): Promise<void> => {
  parked.value = (await ask('parked')).reasons;
};

const redrive = (reason: string | undefined, yes: boolean) =>
  attempt(async () => {
    const question = { ...(reason !== undefined && { reason }), ...(yes && { yes: 'yes' }) };
    lines.value = { reason, ...(await ask('redrive', question)) };
    if (yes) await readParked();
  });

/** Depths of the queues, parked operations with their reasons, and the mirrors. */
export function Queue() {
  useEffect(() => {
    const read = () =>
      ask('queues')
        .then((answer) => (queues.value = answer))
        .catch(() => {});
    void read();
    const timer = setInterval(() => document.hidden || read(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <section aria-label="Queue">
      <h2>Queues</h2>
      <Depths />
      <h2>Parked operations</h2>
      <Parked />
      <h2>Mirrors</h2>
      <Mirrors mirrors={queues.value.mirrors} />
    </section>
  );
}

function Depths() {
  const { depths } = queues.value;
  // Queues of sources and mirrors that hold nothing would hide the two that every instance has.
  const worth = depths.filter(
    ({ queue, waiting, inFlight, delayed }) => waiting + inFlight + delayed > 0 || !/dead|source/.test(queue),
  );
  return (
    <>
      <Table
        heads={['Queue', 'Waiting', 'Being applied', 'Delayed']}
        rows={worth.map(({ queue, waiting, inFlight, delayed }) => [queue, waiting, inFlight, delayed])}
      />
      {worth.length < depths.length && <p class="note">{depths.length - worth.length} others are empty.</p>}
    </>
  );
}

function Parked() {
  const canRedrive = about.value?.isReadOnly === false;
  return (
    <>
      <p class="note">
        Messages that could not be applied. A queue can only be read by receiving, so they are read when you ask.
      </p>
      <div class="actions">
        <button type="button" onClick={() => attempt(readParked)}>
          Read the parked queue
        </button>
        {canRedrive && (
          <button type="button" onClick={() => redrive(undefined, false)}>
            Dry run of a redrive
          </button>
        )}
      </div>
      {parked.value?.length === 0 && <p role="status">Nothing is parked.</p>}
      {parked.value && parked.value.length > 0 && <Reasons reasons={parked.value} canRedrive={canRedrive} />}
      {lines.value && <Redrive />}
    </>
  );
}

type ReasonsProps = { readonly reasons: readonly ParkedReason[]; readonly canRedrive: boolean };

const Reasons = ({ reasons, canRedrive }: ReasonsProps) => (
  <Table
    heads={['Reason', 'Messages', 'Oldest', 'Operations', ...(canRedrive ? ['Redrive'] : [])]}
    rows={reasons.map(({ reason, messages, oldest, operations, apps }) => [
      reason,
      messages,
      span(Date.now() - Date.parse(oldest)),
      `${Object.entries(operations)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(', ')} · ${apps.join(', ')}`,
      ...(canRedrive
        ? [
            <button
              key="dry"
              type="button"
              aria-label={`Dry run for: ${reason}`}
              onClick={() => redrive(reason, false)}
            >
              Dry run
            </button>,
          ]
        : []),
    ])}
  />
);

/** The lines of the command. A dry run is followed by the button that does it. */
function Redrive() {
  const { reason, lines: text = [] } = lines.value ?? {};
  const isDry = text.at(-1)?.startsWith('Nothing was changed') ?? false;
  return (
    <>
      <pre role="status">{(isDry ? text.slice(0, -1) : text).join('\n')}</pre>
      {isDry && !text[0]?.startsWith('0 ') && (
        <div class="actions">
          <button type="button" class="main" onClick={() => redrive(reason, true)}>
            Redrive them now
          </button>
        </div>
      )}
    </>
  );
}

const stateOf = ({ dropped, misses, pushed, waiting }: Mirrored): string => {
  if (dropped !== undefined) return `dropped: ${dropped}`;
  if (misses > 0) return `differs: found ${misses === 1 ? 'once' : `${misses} times`}, pushed again`;
  if (pushed === null) return 'unknown: a push had no answer';
  return waiting ? 'pushed, not verified yet' : 'equal: verified';
};

function Mirrors({ mirrors }: { readonly mirrors: readonly Mirrored[] }) {
  if (mirrors.length === 0)
    return <p class="note">No token is mirrored. npm start -- --mirror runs a hosted API beside.</p>;
  return (
    <Table
      heads={['Token', 'App', 'Hosted accounts', 'Last push', 'Verification']}
      rows={mirrors.slice(0, 200).map((one) => [
        shown(one.token),
        one.app,
        (one.pushed ?? []).map((key) => shown(key.replace(/^0#/, ''))).join(', ') || 'none',
        one.pushedMs === 0 ? 'never' : clock(one.pushedMs),
        <span key="state" class={one.misses > 0 || one.dropped ? 'refused' : ''}>
          {stateOf(one)}
        </span>,
      ])}
    />
  );
}
