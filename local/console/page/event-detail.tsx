import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Detail } from '../wire.ts';
import { Form } from './controls.tsx';
import { copiesOf } from './copies.ts';
import { about, ask, attempt, notice, opened, rows } from './state.ts';
import { clock, span, visible } from './words.ts';

const detail = signal<Detail | undefined>(undefined);
const draft = signal<string | undefined>(undefined);

function load(n: number): void {
  void attempt(async () => {
    const answer = await ask('detail', { n: `${n}` });
    if (opened.value === n) detail.value = answer;
  });
}

/** One request: its times, faults, headers and bodies, and buttons that send it again or copy it. */
export function EventDetail() {
  const n = opened.value;
  // A row changes when the worker has applied it.
  const row = rows.value.find((one) => one.n === n);
  useEffect(() => {
    if (detail.value?.row.n !== n) draft.value = undefined;
    if (row !== undefined) load(row.n);
  }, [n, row?.outcome]);
  const shown = detail.value;
  if (n === undefined || shown === undefined || shown.row.n !== n)
    return <section class="detail empty">Choose an event to see all of it.</section>;
  return (
    <section class="detail" aria-label="Event">
      <h2>{visible(shown.row.what)}</h2>
      <p class={`outcome ${shown.row.tone}`}>
        {shown.row.status} · {visible((row ?? shown.row).outcome)}
      </p>
      <Times detail={shown} />
      {shown.issues.length > 0 && <Issues detail={shown} />}
      {shown.row.status === 401 && shown.expected && <Signature detail={shown} />}
      <Actions detail={shown} />
      {draft.value === undefined ? <Code label="Body" text={pretty(shown.body)} /> : <Editor detail={shown} />}
      <Code label="Answer" text={pretty(shown.reply)} />
      <details>
        <summary>Headers and log line</summary>
        <Code
          label="Headers"
          text={Object.entries(shown.headers)
            .map(([name, value]) => `${name}: ${value}`)
            .join('\n')}
        />
        <Code label="Log line" text={JSON.stringify(shown.line, null, 2)} />
      </details>
    </section>
  );
}

function Times({ detail: { row, method, path } }: { readonly detail: Detail }) {
  const { happenedMs, arrivedMs, tookMs, from } = row;
  return (
    <dl class="facts">
      <dt>Happened</dt>
      <dd>{happenedMs === undefined ? 'not said' : clock(happenedMs, true)}</dd>
      <dt>Arrived</dt>
      <dd>
        {clock(arrivedMs, true)}
        {happenedMs !== undefined && `, ${span(arrivedMs - happenedMs)} ${arrivedMs < happenedMs ? 'before' : 'later'}`}
      </dd>
      <dt>From</dt>
      <dd>{from}</dd>
      <dt>Request</dt>
      <dd>
        <code>
          {method} {path}
        </code>
        , answered in {span(tookMs)}
      </dd>
    </dl>
  );
}

const Issues = ({ detail: { issues } }: { readonly detail: Detail }) => (
  <ul class="issues" aria-label="Faults">
    {issues.map(({ path, message }) => (
      <li key={`${path} ${message}`}>
        <code>{path || 'body'}</code> {message}
      </li>
    ))}
  </ul>
);

const Signature = ({ detail: { headers, expected } }: { readonly detail: Detail }) => (
  <dl class="facts">
    <dt>Signature sent</dt>
    <dd>
      <code>{headers['webhook-signature'] ?? headers['svix-signature'] ?? 'none'}</code>
    </dd>
    <dt>Expected</dt>
    <dd>
      <code>{expected}</code>, for this id, timestamp and body, with the secret of the source
    </dd>
  </dl>
);

function Actions({ detail: shown }: { readonly detail: Detail }) {
  const isOwn = shown.source !== undefined;
  return (
    <div class="actions">
      <button type="button" onClick={() => attempt(() => again(shown))}>
        Send again
      </button>
      {isOwn && (
        <button
          type="button"
          aria-expanded={draft.value !== undefined}
          onClick={() => (draft.value = pretty(shown.body))}
        >
          Edit and send
        </button>
      )}
      {Object.entries(about.value ? copiesOf(shown, about.value) : {}).map(([name, text]) => (
        <button type="button" key={name} onClick={() => attempt(() => copy(text, name))}>
          Copy as {name}
        </button>
      ))}
    </div>
  );
}

async function copy(text: string, name: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  notice.value = `Copied as ${name}`;
}

async function again({ row }: Detail): Promise<void> {
  const { status } = await ask('again', { n: `${row.n}` });
  notice.value = `Sent again: HTTP ${status}`;
}

function Editor({ detail: { source = '' } }: { readonly detail: Detail }) {
  const submit = async () => {
    const { status } = await ask('send', { source, body: draft.value ?? '' });
    notice.value = `Sent as a new message: HTTP ${status}`;
    if (status < 300) draft.value = undefined;
  };
  return (
    <Form submit={submit}>
      <label for="draft">Body to send</label>
      <textarea
        id="draft"
        rows={12}
        spellcheck={false}
        value={draft}
        onInput={({ currentTarget }) => (draft.value = currentTarget.value)}
      />
      <div class="actions">
        <button type="submit">Send</button>
        <button type="button" onClick={() => (draft.value = undefined)}>
          Cancel
        </button>
      </div>
    </Form>
  );
}

const Code = ({ label, text }: { readonly label: string; readonly text: string }) => (
  <figure>
    <figcaption>{label}</figcaption>
    <pre>{text === '' ? '(empty)' : text}</pre>
  </figure>
);

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
