/** Text as a terminal may show it: what would move the cursor or turn the writing around is spelt out. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);

/** The same in quotes, for text whose ends must be seen. */
export const quoted = (text: string): string => printable(JSON.stringify(text));

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const;

/** A span of milliseconds in the largest unit of which it has two. Clocks disagree: what is yet to come is now. */
export function spanOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const unit = UNITS.find(([, length]) => seconds >= 2 * length);
  return unit ? `${Math.floor(seconds / unit[1])} ${unit[0]}` : `${seconds} s`;
}

/** `1 message`, `12 messages`. */
export const countOf = (count: number, noun = 'message'): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** The last part of a queue's URL: the rest says whose AWS account it is in. */
export const queueName = (url: string): string => new URL(url).pathname.split('/').at(-1) ?? '';
