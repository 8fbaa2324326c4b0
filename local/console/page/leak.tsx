import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { FAULTS, type Fault, type Rates } from '../lab/faults.ts';
import { Lab, type Opinion, SIDES, type Side } from '../lab/lab.ts';
import { ACTIONS, type Action, type LabEvent, type Name } from '../lab/world.ts';
import { Stream } from './events.tsx';
import { about, ask } from './state.ts';

const SIDE_WORDS: Readonly<Record<Side, { readonly title: string; readonly note: string }>> = {
  naive: { title: 'A plain table', note: 'The last arrival wins, as in most back ends.' },
  fifo: { title: 'A FIFO relay', note: 'In front of such a table: copies dropped, the order of arrival kept.' },
  ours: { title: 'Bindery', note: 'This instance, by signed requests and the answers of /v1/resolve.' },
};

const ACTION_WORDS: Readonly<Record<Action, string>> = {
  login: 'Login',
  logout: 'Logout',
  switch: 'User switch',
  everywhere: 'Sign-out everywhere',
  reinstall: 'Reinstall',
};

const FAULT_WORDS: Readonly<Record<Fault, string>> = {
  late: 'Late',
  twice: 'Twice',
  swapped: 'Swapped',
  lost: 'Lost',
  crash: 'Crash',
};

/** Times between two actions by chance, and between two comparisons (ms). */
const ACT_MS = 700;
const MEASURE_MS = 250;

/** Comparisons that the chart shows. */
const CHART = 240;

type Sample = Readonly<Record<Side, number>>;

const rates = signal<Rates>({ late: 0.3, twice: 0.2, swapped: 0.2, lost: 0.05, crash: 0.05 });
const isRunning = signal(false);
const samples = signal<readonly Sample[]>([]);
let run = '';
let lab = newLab();

function newLab(): Lab {
  run = Math.random().toString(36).slice(2, 5);
  return new Lab({
    run,
    now: Date.now,
    random: Math.random,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    send: sendEvent,
    devices: async (people) => {
      const { devices } = await ask('push', { account: people.map(accountOf).join('\n') });
      return devices.map((one) => ({ ...one, account: one.account.split('.')[0] ?? '' }));
    },
  });
}

/** The accounts of one run, so that two pages do not disturb each other. */
const accountOf = (name: Name): string => `${name}.${run}`;

async function sendEvent(event: LabEvent): Promise<void> {
  const { sources = [], apps = [] } = about.value ?? {};
  const [app] = apps;
  const type = { login: 'user.login', logout: 'user.logout', everywhere: 'user.logout_everywhere' }[event.kind];
  const account = 'person' in event ? { account: accountOf(event.person), account_type: 0 } : {};
  const token = 'token' in event ? { token: event.token } : {};
  const session = event.kind === 'login' ? { session_id: event.session } : {};
  const body = JSON.stringify({
    type,
    timestamp: new Date(event.atMs).toISOString(),
    data: { app, ...token, ...account, ...session },
  });
  const { status } = await ask('send', { source: sources[0]?.id ?? '', body, id: event.id });
  if (status >= 300) throw new Error(`HTTP ${status}`);
}

function compare(): void {
  const { naive, fifo, ours } = lab.scores;
  lab.compare();
  samples.value = [...samples.value, { naive: naive.leaked, fifo: fifo.leaked, ours: ours.leaked }].slice(-CHART);
}

/** Begins with other phones and people. */
function reset(): void {
  isRunning.value = false;
  samples.value = [];
  lab = newLab();
}

/** Acts while it runs, and compares while the page shows it. */
function useLoop(): void {
  useEffect(() => {
    let isAsking = false;
    const comparing = setInterval(async () => {
      compare();
      if (isAsking || document.hidden) return;
      isAsking = true;
      await lab.ask();
      isAsking = false;
    }, MEASURE_MS);
    const acting = setInterval(() => isRunning.value && !document.hidden && lab.act(rates.value), ACT_MS);
    return () => {
      clearInterval(comparing);
      clearInterval(acting);
      isRunning.value = false;
    };
  }, []);
}

/** Shows the leaks of a plain table, a FIFO relay and this instance, which get equal events. */
export function Leak() {
  useLoop();
  if (about.value?.isReadOnly) return <p class="empty">Events are made up for a local instance only: npm start.</p>;
  // Read so that each comparison draws the numbers again: those of the lab are no signals.
  const count = samples.value.length;
  return (
    <>
      <section aria-label="Make it leak" data-samples={count}>
        <Controls />
        <div class="sides">
          {SIDES.map((side) => (
            <SideCard key={side} side={side} />
          ))}
        </div>
        <Chart />
        <p class="note">
          A leak: a push for one person would show on a phone that another one holds, or that was signed out. The truth
          is the order of the phones’ own actions. All three get the same events with the same faults. A phone here
          compares the fence of each message, which kept {lab.fenced.toFixed(1)} people-seconds of late news from
          screens, in {lab.answers} answers of the registry.
          {lab.unanswered > 0 && ` For ${lab.unanswered.toFixed(1)} seconds it gave none, so nothing was sent.`}
        </p>
      </section>
      <Stream />
    </>
  );
}

function Controls() {
  return (
    <div class="controls">
      <div class="bar">
        <button
          type="button"
          class="main"
          aria-pressed={isRunning.value}
          onClick={() => (isRunning.value = !isRunning.value)}
        >
          {isRunning.value ? 'Stop' : 'Run by itself'}
        </button>
        {ACTIONS.map((action) => (
          <button type="button" key={action} onClick={() => lab.act(rates.value, action)}>
            {ACTION_WORDS[action]}
          </button>
        ))}
        <button type="button" onClick={reset}>
          Begin again
        </button>
      </div>
      <fieldset class="sliders">
        <legend class="unseen">Faults</legend>
        {FAULTS.map((fault) => (
          <label key={fault}>
            {FAULT_WORDS[fault]} <span class="percent">{Math.round(rates.value[fault] * 100)} %</span>
            <input
              type="range"
              min="0"
              max="100"
              step="5"
              value={rates.value[fault] * 100}
              onInput={({ currentTarget }) =>
                (rates.value = { ...rates.value, [fault]: Number(currentTarget.value) / 100 })
              }
            />
          </label>
        ))}
      </fieldset>
    </div>
  );
}

function SideCard({ side }: { readonly side: Side }) {
  const { leaked, missed } = lab.scores[side];
  const { title, note } = SIDE_WORDS[side];
  const opinions = lab.opinions(side);
  return (
    <article class={`side ${leaked > 0 ? 'leaks' : 'tight'}`}>
      <h2>{title}</h2>
      <p class="score">
        <b>{leaked.toFixed(1)}</b> people-seconds leaked
      </p>
      <p class="note">{note}</p>
      <ul aria-label={`Phones, as seen by: ${title}`}>
        {lab.world.phones.map((phone, i) => (
          <LabPhoneRow key={phone.token} place={i + 1} user={phone.user} opinion={opinions[i]} />
        ))}
      </ul>
      <p class="note">{missed.toFixed(1)} people-seconds without their own pushes, while news was late or lost</p>
    </article>
  );
}

type RowProps = { readonly place: number; readonly user: Name | undefined; readonly opinion: Opinion | undefined };

/** One phone: the person who holds it, and the person whose pushes it would show. */
function LabPhoneRow({ place, user, opinion }: RowProps) {
  const on = opinion?.on;
  const stale = opinion?.listed.find((name) => name !== user);
  const state = on === user ? 'right' : on === undefined ? 'waits' : 'leak';
  const own = user === undefined ? 'no pushes' : 'own pushes';
  const words = { right: own, waits: 'no pushes yet', leak: `${on}’s pushes` }[state];
  return (
    <li class={`lab-phone ${state}`}>
      <span class="name">
        {place} · {user ?? 'free'}
      </span>
      <span>{on === undefined && stale !== undefined ? `stops ${stale}’s` : words}</span>
    </li>
  );
}

/** The leaked people-seconds of each over the last minute or so. */
function Chart() {
  const all = samples.value;
  const most = Math.max(5, ...all.flatMap((one) => SIDES.map((side) => one[side])));
  const line = (side: Side) =>
    all.map((one, i) => `${(i / (CHART - 1)) * 600},${100 - (one[side] / most) * 96}`).join(' ');
  const last = all.at(-1);
  const words = SIDES.map((side) => `${SIDE_WORDS[side].title} ${(last?.[side] ?? 0).toFixed(1)}`).join(', ');
  return (
    <figure class="chart">
      <figcaption>
        People-seconds leaked
        {SIDES.map((side) => (
          <span key={side} class={`key ${side}`}>
            {SIDE_WORDS[side].title}
          </span>
        ))}
      </figcaption>
      <svg viewBox="0 0 600 102" preserveAspectRatio="none" role="img" aria-label={words}>
        {SIDES.map((side) => (
          <polyline key={side} class={side} points={line(side)} />
        ))}
      </svg>
    </figure>
  );
}
