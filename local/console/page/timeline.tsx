import { computed, signal } from '@preact/signals';
import type { Timeline as Answer, Lane, LedgerLine } from '../wire.ts';
import { AppChoice, bound, Choice, chosenApp, Form, Table } from './controls.tsx';
import { ask, isHidden, phones, shown } from './state.ts';
import { clock, span } from './words.ts';

type Of = 'token' | 'account';

const of = signal<Of>('token');
const name = signal('');
const app = signal('');
const answer = signal<Answer | undefined>(undefined);
const at = signal(0);
const windowMs = signal(0);

const WINDOWS = {
  'all of it': 0,
  '10 minutes': 600_000,
  'an hour': 3_600_000,
  'a day': 86_400_000,
  '30 days': 2_592_000_000,
};

/** The time that is drawn: all of the history with a little before it, or its end. */
const drawn = computed(() => {
  const { nowMs = 1, beginMs = 0 } = answer.value ?? {};
  const lengthMs = Math.max(10_000, Math.min(windowMs.value || Number.POSITIVE_INFINITY, (nowMs - beginMs) * 1.05));
  return { fromMs: nowMs - lengthMs, toMs: nowMs, lengthMs };
});
const placeOf = (ms: number): number => ((ms - drawn.value.fromMs) / drawn.value.lengthMs) * 1_000;

/** A lane with more spans than are read says nothing about the time before them. */
const standingIn = ({ spans }: Lane) =>
  spans.find(({ fromMs = 0, untilMs = Number.POSITIVE_INFINITY }) => fromMs <= at.value && at.value < untilMs)
    ?.standing ?? 'not read';

async function load(): Promise<void> {
  const [, plain = '', type = '0'] = /^(.*?)(?: · type (\d+))?$/.exec(name.value.trim()) ?? [];
  answer.value = await ask('timeline', { of: of.value, name: plain, type, app: chosenApp(app) });
  at.value = answer.value.nowMs;
}

/** The history of a token or a person: who was on it at any time, and what changed it. */
export function Timeline() {
  return (
    <section aria-label="Time line">
      <Question />
      {answer.value === undefined && (
        <p class="empty">
          Name a phone or a person: the ledger says who was signed in where at any moment, also if the events came late.
        </p>
      )}
      {answer.value && answer.value.lines.length === 0 && (
        <p class="empty">The ledger knows nothing of it in this app.</p>
      )}
      {answer.value && answer.value.lines.length > 0 && <History found={answer.value} />}
    </section>
  );
}

function Question() {
  const known = phones.value.flatMap(({ token, people }) =>
    of.value === 'token' ? [token] : people.map(({ account }) => account),
  );
  return (
    <Form class="bar" submit={load}>
      <Choice label="History of" of={{ token: 'Phone', account: 'Person' }} chosen={of} />
      <label>
        <span class="unseen">Name</span>
        <input list="known" required placeholder={of.value === 'token' ? 'phone-1' : 'alice'} {...bound(name)} />
      </label>
      <datalist id="known">
        {[...new Set(isHidden.value ? [] : known)].map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <AppChoice app={app} />
      <button type="submit" class="main">
        Show
      </button>
    </Form>
  );
}

function History({ found }: { readonly found: Answer }) {
  const { lanes, lines } = found.leftOut;
  return (
    <>
      <Moment found={found} />
      <div class="lanes">
        {found.lanes.map((lane) => (
          <LaneRow key={`${lane.app} ${lane.name}`} lane={lane} />
        ))}
        <Handle found={found} />
      </div>
      <p class="note">
        <span class="key yes">signed in</span>
        <span class="key perhaps">perhaps: an operation was on its way</span>
      </p>
      {lanes + lines > 0 && (
        <p class="note">
          Left out, the oldest: {lanes} lanes and {lines} operations.
        </p>
      )}
      <Lines lines={found.lines} />
    </>
  );
}

/** The answer at the handle, in words. */
function momentWords(found: Answer): string {
  const on = found.lanes.flatMap((lane) => {
    const standing = standingIn(lane);
    return standing === 'no' ? [] : [`${shown(lane.name)}${standing === 'yes' ? '' : ` ${standing}`}`];
  });
  const none = of.value === 'token' ? 'no person' : 'no phone';
  return on.join(', ') || (found.leftOut.lanes > 0 ? `${none} of these` : none);
}

function Moment({ found }: { readonly found: Answer }) {
  return (
    <div class="moment">
      <p role="status">
        <small>At {clock(at.value, true)}</small>
        <b>{momentWords(found)}</b>
      </p>
      <label>
        Show{' '}
        <select
          value={windowMs}
          onChange={({ currentTarget }) => {
            windowMs.value = Number(currentTarget.value);
            at.value = Math.max(at.value, drawn.value.fromMs);
          }}
        >
          {Object.entries(WINDOWS).map(([words, ms]) => (
            <option key={words} value={ms}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function LaneRow({ lane }: { readonly lane: Lane }) {
  const standing = standingIn(lane);
  return (
    <div class={`lane ${standing}`}>
      <span class="name">{shown(lane.name)}</span>
      <svg viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={`${shown(lane.name)}: ${standing}`}>
        {lane.spans
          .filter((one) => one.standing !== 'no')
          .map(({ standing: kind, fromMs = drawn.value.fromMs, untilMs = drawn.value.toMs }) => {
            const x = Math.max(0, placeOf(fromMs));
            return <rect key={fromMs} class={kind} x={x} y="0" height="10" width={Math.max(2, placeOf(untilMs) - x)} />;
          })}
        <path class="cursor" d={`M${placeOf(at.value)} 0V10`} />
      </svg>
    </div>
  );
}

/** The handle is a range: it takes the keys of one, and says the answer to a screen reader. */
function Handle({ found }: { readonly found: Answer }) {
  const { fromMs, toMs, lengthMs } = drawn.value;
  return (
    <div class="lane">
      <span />
      <div>
        <input
          type="range"
          aria-label="Moment"
          aria-valuetext={`${clock(at.value)}: ${momentWords(found)}`}
          min={fromMs}
          max={toMs}
          step={Math.max(1, Math.round(lengthMs / 1_000))}
          value={at}
          onInput={({ currentTarget }) => (at.value = Number(currentTarget.value))}
        />
        <p class="ends">
          <time>{clock(fromMs)}</time>
          <time>{clock(toMs)}</time>
        </p>
      </div>
    </div>
  );
}

const HEADS = ['Happened', 'Operation', 'Applied', 'Outcome', 'From'];

const Lines = ({ lines }: { readonly lines: readonly LedgerLine[] }) => (
  <Table
    heads={HEADS}
    rows={lines.map(({ happenedMs, appliedMs, people, verb, token, outcome, from }) => [
      <button
        key="moment"
        type="button"
        class="plain"
        onClick={() => (at.value = Math.max(drawn.value.fromMs, appliedMs))}
      >
        {clock(happenedMs, true)}
      </button>,
      `${people.map(shown).join(', ')} ${verb} ${token && `on ${shown(token)}`}`,
      `${span(Math.max(0, appliedMs - happenedMs))} later`,
      outcome,
      from,
    ])}
  />
);
