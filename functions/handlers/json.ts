const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A decoder takes it away, text that comes as text still has it. */
const BYTE_ORDER_MARK = 0xfeff;

/** What a body says, or that it says nothing: it is not JSON in UTF-8. A byte order mark is allowed (RFC 8259 §8.1). */
export function jsonIn(body: string | Uint8Array): { value: unknown } | undefined {
  try {
    const text = typeof body === 'string' ? body : utf8.decode(body);
    return { value: JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text) };
  } catch {
    return undefined;
  }
}
