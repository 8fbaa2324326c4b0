const two = (n: number): string => String(n).padStart(2, '0');

/** The time of day, as the clock on this machine has it, after the date if that is not today. */
export function clock(ms: number, withMs = false): string {
  const at = new Date(ms);
  if (at.toDateString() !== new Date().toDateString())
    return `${at.getMonth() + 1}/${at.getDate()} ${two(at.getHours())}:${two(at.getMinutes())}`;
  const text = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  return withMs ? `${text}.${String(at.getMilliseconds()).padStart(3, '0')}` : text;
}

/** A length of time in its largest unit. */
export function span(ms: number): string {
  const s = Math.abs(ms) / 1000;
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 120) return `${s.toFixed(s < 10 ? 1 : 0)} s`;
  if (s < 7_200) return `${Math.round(s / 60)} min`;
  return s < 172_800 ? `${Math.round(s / 3_600)} h` : `${Math.round(s / 86_400)} days`;
}

/** Shows the characters that turn the direction of a text, or are none: with them one name would look like another. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
