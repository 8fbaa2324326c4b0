/** Comes in the next change. */
export function Queue() {
  return <section class="empty">Queue</section>;
}
