import { render } from 'preact';
import { Events } from './events.tsx';
import { Leak } from './leak.tsx';
import { Phones } from './phones.tsx';
import { Queue } from './queue.tsx';
import { about, attempt, begin, isHidden, isLive, isRevealed, notice, VIEWS, type View, view } from './state.ts';
import { Timeline } from './timeline.tsx';

const CONTENT: Readonly<Record<View, { readonly title: string; readonly Content: () => preact.JSX.Element }>> = {
  phones: { title: 'Phones and people', Content: Phones },
  events: { title: 'Events', Content: Events },
  leak: { title: 'Make it leak', Content: Leak },
  timeline: { title: 'Time line', Content: Timeline },
  queue: { title: 'Queue', Content: Queue },
};

function Page() {
  const { title, Content } = CONTENT[view.value];
  return (
    <>
      <a class="skip" href={`#${view.value}`} onClick={() => document.querySelector('main')?.focus()}>
        Skip to the content
      </a>
      <Header />
      <main tabIndex={-1} class={view.value} aria-label={title}>
        <Content />
      </main>
      <div role="status" class="notice" hidden={notice.value === ''}>
        {notice}
        <button type="button" onClick={() => (notice.value = '')}>
          Close
        </button>
      </div>
    </>
  );
}

function Header() {
  const { title = '', isReadOnly = false } = about.value ?? {};
  return (
    <header>
      <h1>
        <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
          <path d="M4 6c8 0 8 12 16 12M4 18c8 0 8-12 16-12" />
          <circle cx="4" cy="6" r="2.5" />
          <circle cx="4" cy="18" r="2.5" />
          <circle cx="20" cy="6" r="2.5" />
          <circle cx="20" cy="18" r="2.5" />
        </svg>
        Bindery
      </h1>
      <nav aria-label="Views">
        {VIEWS.map((one) => (
          <a key={one} href={`#${one}`} aria-current={one === view.value ? 'page' : undefined}>
            {CONTENT[one].title}
          </a>
        ))}
      </nav>
      <p class="where">
        <span class={`dot ${isLive.value || isReadOnly ? 'on' : ''}`} />
        {title}
        {isReadOnly ? ' · read only' : isLive.value ? ' · live' : ' · not connected'}
      </p>
      {isReadOnly && (
        <button type="button" aria-pressed={isRevealed.value} onClick={() => (isRevealed.value = !isRevealed.value)}>
          {isHidden.value ? 'Show names' : 'Hide names'}
        </button>
      )}
    </header>
  );
}

const root = document.getElementById('page');
if (root) render(<Page />, root);
void attempt(begin);
