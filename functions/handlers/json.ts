import type { Buffer } from 'node:buffer';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What a body says, or that it says nothing: it is not JSON in UTF-8. A byte order mark is allowed (RFC 8259 §8.1). */
export function jsonIn(body: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(utf8.decode(body)) };
  } catch {
    return undefined;
  }
}
