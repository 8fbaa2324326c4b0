import { computed, signal } from '@preact/signals';
import type { Row } from '../wire.ts';
import { bound, Choice } from './controls.tsx';
import { EventDetail } from './event-detail.tsx';
import { List } from './list.tsx';
import { about, opened, rows } from './state.ts';
import { clock, span, visible } from './words.ts';

const FILTERS = { all: 'All', changes: 'Changes', late: 'Too late', refused: 'Refused', read: 'Questions' } as const;
type Filter = keyof typeof FILTERS;

const filter = signal<Filter>('all');
const text = signal('');

const passes = ({ tone, what, from, outcome }: Row): boolean => {
  const kept = { all: true, changes: tone !== 'read', late: tone === 'late', read: tone === 'read' };
  const isOf = filter.value === 'refused' ? tone === 'refused' || tone === 'trouble' : kept[filter.value];
  const words = text.value.toLowerCase();
  return isOf && (words === '' || `${what} ${from} ${outcome}`.toLowerCase().includes(words));
};
const found = computed(() => rows.value.filter(passes));

/** All requests that arrived, and one of them in full. */
export function Events() {
  if (about.value?.isReadOnly) return <NoEvents />;
  return (
    <>
      <section class="events" aria-label="Events">
        <div class="bar">
          <Choice label="Which events" of={FILTERS} chosen={filter} />
          <input type="search" aria-label="Find in events" placeholder="Find" {...bound(text)} />
          <span class="count">{found.value.length.toLocaleString('en')}</span>
        </div>
        {rows.value.length === 0 ? <p class="empty">Nothing has arrived yet. It appears here as it does.</p> : null}
        <List
          label="Events, the newest first"
          items={found.value}
          keyOf={({ n }) => n}
          row={(row) => <EventRow row={row} />}
          active={opened.value}
          onActive={(n) => (opened.value = n)}
        />
      </section>
      <EventDetail />
    </>
  );
}

/** Places on the short list. Their elements stay where they are when an event arrives: only the texts change. */
const PLACES = Array.from({ length: 12 }, (_, place) => place);

/** The events beside another view. */
export function Stream() {
  return (
    <aside class="stream" aria-label="Latest events">
      <h2>
        Events <a href="#events">all {rows.value.length.toLocaleString('en')}</a>
      </h2>
      <ol>
        {PLACES.map((place) => {
          const row = rows.value[place];
          return (
            <li key={place} hidden={row === undefined}>
              {row && <EventRow row={row} />}
            </li>
          );
        })}
      </ol>
      {rows.value.length === 0 && <p class="empty">Nothing has arrived yet.</p>}
    </aside>
  );
}

function EventRow({ row }: { readonly row: Row }) {
  const { arrivedMs, happenedMs, from, what, tone, outcome } = row;
  const lateMs = happenedMs === undefined ? 0 : arrivedMs - happenedMs;
  return (
    <>
      <time>{clock(happenedMs ?? arrivedMs)}</time>
      <span class="what">{visible(what)}</span>
      <span class={`outcome ${tone}`}>{visible(outcome)}</span>
      <span class="from">
        {lateMs > 999 ? `arrived ${span(lateMs)} later · ` : ''}
        {from}
      </span>
    </>
  );
}

const NoEvents = () => (
  <section>
    <h2>Events</h2>
    <p class="empty">
      A deployment keeps no requests. Its log, without names, is in CloudWatch; the time line shows what became of each
      event of a token or an account.
    </p>
  </section>
);
