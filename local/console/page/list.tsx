import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';

type Props<T> = {
  readonly label: string;
  readonly items: readonly T[];
  readonly keyOf: (item: T) => number;
  readonly row: (item: T) => ComponentChildren;
  readonly active: number | undefined;
  readonly onActive: (key: number) => void;
};

/** Height of a row (px), as in the style sheet, and rows that are drawn above and below those in sight. */
const ROW = 52;
const BEYOND = 8;

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 10,
  PageUp: -10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** The part of the list that is in sight, and stays in sight when new rows come on top. */
function useWindow(newest: number) {
  const box = useRef<HTMLDivElement>(null);
  const { top, height } = useMemo(() => ({ top: signal(0), height: signal(600) }), []);
  const before = useRef(newest);
  useEffect(() => {
    const { current } = box;
    if (!current) return undefined;
    const observer = new ResizeObserver(() => (height.value = current.clientHeight));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (box.current && box.current.scrollTop > 0) box.current.scrollTop += (newest - before.current) * ROW;
    before.current = newest;
  }, [newest]);
  const show = (at: number) => {
    const { current } = box;
    if (current === null) return;
    top.value = Math.min(at * ROW, Math.max(current.scrollTop, (at + 1) * ROW - current.clientHeight));
    current.scrollTop = top.value;
  };
  const first = Math.max(0, Math.floor(top.value / ROW) - BEYOND);
  return { box, top, show, first, end: first + Math.ceil(height.value / ROW) + 2 * BEYOND };
}

/** A list that draws only the rows in sight. Arrow keys move through it. */
export function List<T>({ label, items, keyOf, row, active, onActive }: Props<T>) {
  const { box, top, show, first, end } = useWindow(items[0] === undefined ? 0 : keyOf(items[0]));
  const at = items.findIndex((item) => keyOf(item) === active);
  const onKeyDown = (event: KeyboardEvent) => {
    const next = Math.min(items.length - 1, Math.max(0, at + (STEPS[event.key] ?? Number.NaN)));
    const item = items[next];
    if (item === undefined) return;
    event.preventDefault();
    show(next);
    onActive(keyOf(item));
  };
  return (
    <div
      ref={box}
      class="list"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={at < 0 ? undefined : `row-${active}`}
      onKeyDown={onKeyDown}
      onScroll={({ currentTarget }) => (top.value = currentTarget.scrollTop)}
    >
      <div role="presentation" class="all" style={{ height: `${items.length * ROW}px` }}>
        {items.slice(first, end).map((item, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the list around it takes the keys.
          <div
            key={keyOf(item)}
            id={`row-${keyOf(item)}`}
            role="option"
            tabIndex={-1}
            aria-selected={keyOf(item) === active}
            aria-setsize={items.length}
            aria-posinset={first + i + 1}
            class="row"
            style={{ transform: `translateY(${(first + i) * ROW}px)` }}
            onClick={() => onActive(keyOf(item))}
          >
            {row(item)}
          </div>
        ))}
      </div>
    </div>
  );
}
