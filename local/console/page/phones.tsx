import { computed, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Asks, Person, Phone } from '../wire.ts';
import { AppChoice, bound, chosenApp, Form } from './controls.tsx';
import { Stream } from './events.tsx';
import { about, areAll, ask, attempt, find, isHidden, phones, refreshSoon, shown } from './state.ts';
import { clock, span } from './words.ts';

/** Height of a person or a phone (px), as in the style sheet. */
const ROW = 56;

const nameOf = ({ account, type }: Person): string => (type === 0 ? account : `${account} · type ${type}`);
const keyOf = ({ account, type }: Person): string => `${type} ${account}`;
const phoneKey = ({ app, token }: Pick<Phone, 'app' | 'token'>): string => `${app} ${token}`;

/** Both columns keep their order when a person moves to another phone, so that the eye sees only the lines move. */
const people = computed(() => {
  const all = new Map(phones.value.flatMap((phone) => phone.people).map((one) => [keyOf(one), one]));
  return [...all.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
});
const column = computed(() => [...phones.value].sort((a, b) => (phoneKey(a) < phoneKey(b) ? -1 : 1)));

type Push = Asks['push'] & { readonly to: string };
const pushed = signal<Push | undefined>(undefined);
const account = signal('');

/** Says if a phone would show the message that the last push sent to it; undefined if none was sent to it. */
function verdictOn(phone: Phone): { readonly shows: boolean; readonly words: string } | undefined {
  const device = pushed.value?.devices.find((one) => phoneKey(one) === phoneKey(phone));
  if (device === undefined) return undefined;
  // An operator's page reads no fences: they need the key of the devices.
  if (device.fence === '') return { shows: true, words: 'gets the push, and compares its fence' };
  const fences = [phone.ownFence ?? phone.people.map(({ fence }) => fence)].flat();
  if (fences.includes(device.fence)) return { shows: true, words: 'lights up: the fences are equal' };
  return {
    shows: false,
    words: fences.length === 0 ? 'stays dark: it has no fence now' : 'stays dark: it has another fence now',
  };
}

/** People and phones, and a line for each person that is signed in on a phone. */
export function Phones() {
  return (
    <>
      <section aria-label="Phones and people">
        <div class="bar">
          <PushForm />
          <input
            type="search"
            aria-label="Find a person or a phone"
            placeholder="Find"
            value={find}
            onInput={({ currentTarget }) => {
              find.value = currentTarget.value;
              refreshSoon();
            }}
          />
        </div>
        {about.value?.isReadOnly === false && <SignIn />}
        <PushAnswer />
        {phones.value.length === 0 ? <Empty /> : <Picture />}
        {!areAll.value && (
          <p class="note">Only a part of the registry is shown. Find a person or a phone by its name.</p>
        )}
      </section>
      {about.value?.isReadOnly === false && <Stream />}
    </>
  );
}

function PushForm() {
  const push = async () => {
    // `type 1` may stand behind a name, as the list of people has it.
    const [, name = '', type = '0'] = /^(.*?)(?: · type (\d+))?$/.exec(account.value.trim()) ?? [];
    if (name !== '') pushed.value = { ...(await ask('push', { account: name, type })), to: account.value.trim() };
  };
  return (
    <Form class="push" submit={push}>
      <label for="push">Push to</label>
      <input id="push" list="people" autocomplete="off" placeholder="alice" {...bound(account)} />
      <datalist id="people">
        {(isHidden.value ? [] : people.value).map((one) => (
          <option key={keyOf(one)} value={nameOf(one)} />
        ))}
      </datalist>
      <button type="submit" class="main">
        Push
      </button>
    </Form>
  );
}

/** The answer stays: if a phone changes hands, the same message, sent late, finds another fence. */
function PushAnswer() {
  const push = pushed.value;
  useEffect(() => {
    pushed.value = undefined;
  }, []);
  const lit = column.value.filter((phone) => verdictOn(phone)?.shows === true).length;
  const words =
    push === undefined
      ? 'Type a person: the phones that would show the message light up.'
      : `A message for ${shown(push.to)} goes to ${push.devices.length} phone${push.devices.length === 1 ? '' : 's'}, as the registry answered at ${clock(push.askedMs)}. ${lit} would show it now.`;
  return (
    <p class="answer" role="status">
      {words}
    </p>
  );
}

function Picture() {
  const height = Math.max(people.value.length, column.value.length) * ROW;
  const y = new Map(people.value.map((one, i) => [keyOf(one), i * ROW + ROW / 2]));
  return (
    <div class="picture" style={{ height: `${height}px` }}>
      <ul aria-label="People">
        {people.value.map((one, i) => (
          <PersonCard key={keyOf(one)} one={one} place={i} />
        ))}
      </ul>
      <svg viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {column.value.flatMap((phone, i) =>
          phone.people.map((one) => {
            const [from, to] = [y.get(keyOf(one)) ?? 0, i * ROW + ROW / 2];
            const verdict = pushed.value?.to === nameOf(one) ? verdictOn(phone) : undefined;
            return (
              <path
                key={`${phoneKey(phone)} ${keyOf(one)} ${one.boundAt}`}
                class={`line ${verdict?.shows ? 'lit' : ''}`}
                d={`M0 ${from}C50 ${from} 50 ${to} 100 ${to}`}
              />
            );
          }),
        )}
      </svg>
      <ul aria-label="Phones">
        {column.value.map((phone, i) => (
          <PhoneCard key={phoneKey(phone)} phone={phone} place={i} />
        ))}
      </ul>
    </div>
  );
}

/** Cards move by a transform, so that a new one above them shifts nothing. */
const placed = (place: number) => ({ transform: `translateY(${place * ROW}px)` });

function PersonCard({ one, place }: { readonly one: Person; readonly place: number }) {
  const count = phones.value.filter((phone) => phone.people.some((each) => keyOf(each) === keyOf(one))).length;
  const name = shown(nameOf(one));
  return (
    <li class="person" style={placed(place)}>
      <span class="face" aria-hidden="true">
        {name.slice(0, 1).toUpperCase()}
      </span>
      <span class="name">{name}</span>
      <small>
        {count} phone{count === 1 ? '' : 's'}
      </small>
    </li>
  );
}

function PhoneCard({ phone, place }: { readonly phone: Phone; readonly place: number }) {
  const { app, token, people: on } = phone;
  const verdict = verdictOn(phone);
  const look = verdict === undefined ? '' : verdict.shows ? 'lit' : 'dark';
  const since = on[0] && span(Date.now() - Date.parse(on[0].boundAt));
  const state = on.length === 0 ? 'signed out' : `${on.map((one) => shown(nameOf(one))).join(', ')}, for ${since}`;
  return (
    <li class={`phone ${look} ${on.length === 0 ? 'free' : ''}`} style={placed(place)}>
      <svg viewBox="0 0 16 24" width="16" height="24" aria-hidden="true">
        <rect x="1" y="1" width="14" height="22" rx="3" />
        <path d="M6 20h4" />
      </svg>
      <span class="name" title={shown(token)}>
        {shown(token)}
      </span>
      <small>{verdict?.words ?? `${state} · ${app}`}</small>
    </li>
  );
}

const Empty = () => (
  <p class="empty">
    No person is signed in on a phone. Sign one in above, or run npx bindery send in another terminal.
  </p>
);

const person = signal('alice');
const token = signal('phone-1');
const app = signal('');

/** Sends the events of a back end, signed with the development secret. */
function SignIn() {
  const source = about.value?.sources[0]?.id;
  if (source === undefined) return null;
  const send = (type: string, data: object) =>
    attempt(() => {
      const event = { type, timestamp: new Date().toISOString(), data: { app: chosenApp(app), ...data } };
      return ask('send', { source, body: JSON.stringify(event) });
    });
  const login = () =>
    send('user.login', { token: token.value, account: person.value, session_id: crypto.randomUUID() });
  return (
    <Form class="bar signin" label="Sign in and out" submit={login}>
      <label>
        Person <input required {...bound(person)} />
      </label>
      <label>
        Phone <input required {...bound(token)} />
      </label>
      <AppChoice app={app} />
      <button type="submit">Sign in</button>
      <button type="button" onClick={() => send('user.logout', { token: token.value })}>
        Sign out
      </button>
      <button type="button" onClick={() => send('user.logout_everywhere', { account: person.value })}>
        Sign out everywhere
      </button>
    </Form>
  );
}
