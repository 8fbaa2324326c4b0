import { type Buffer, isUtf8 } from 'node:buffer';

const BYTE_ORDER_MARK = 0xfeff;

/** What a body says, or that it says nothing: it is not JSON in UTF-8. A byte order mark is allowed (RFC 8259 §8.1). */
export function jsonIn(body: string | Buffer): { value: unknown } | undefined {
  if (typeof body !== 'string' && !isUtf8(body)) return undefined;
  const text = body.toString();
  try {
    return { value: JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text) };
  } catch {
    return undefined;
  }
}
