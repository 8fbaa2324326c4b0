/** Comes in the next change. */
export function Timeline() {
  return <section class="empty">Timeline</section>;
}
