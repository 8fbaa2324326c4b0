/** Comes in the next change. */
export function Leak() {
  return <section class="empty">Leak</section>;
}
