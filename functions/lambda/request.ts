import { Buffer, isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';

/** A request as it was sent: header names in lower case, the path without its query. */
export type HttpRequest = {
  /** Unique for each request; its operations and log lines carry it. */
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Without its question mark. Default: none. */
  readonly query?: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Body;
};

/** The body of a request: text, which means its bytes in UTF-8, or raw bytes if the gateway found no text. */
export type Body = string | Buffer;

/** The size of a body in bytes. */
export const bytesIn = (body: Body): number => (typeof body === 'string' ? Buffer.byteLength(body) : body.length);

/**
 * `body` is sent as JSON, as it is if it is bytes, and not at all if it is undefined. `line`: fields for the log line of the
 * request, never an account or a token.
 */
export type HttpReply = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly line?: Readonly<Record<string, string | number>>;
};

export type HttpHandler = (request: HttpRequest) => Promise<HttpReply>;

/** The most bytes of a body: four billing units of SQS. Every list of the published limits fits, also in escapes. */
export const MAX_BODY_BYTES = 256 * 1024;

/** The first byte of gzip, which no text in JSON begins with. */
const GZIP = 0x1f;

/**
 * Returns the content of a body, which `content-encoding` may say is in gzip, or why there is none. Content that a gateway
 * has decoded may still have the header (https://github.com/dougmoscrop/serverless-http/issues/194).
 */
export function contentOf(
  { headers, body }: HttpRequest,
  most = MAX_BODY_BYTES,
): { content: Body } | { fault: ContentFault } {
  if (bytesIn(body) > most) return { fault: 'too_large' };
  const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return { content: body };
  if (encoding !== 'gzip' && encoding !== 'x-gzip') return { fault: 'unknown_encoding' };
  const bytes = Buffer.from(body);
  if (bytes[0] !== GZIP) return { content: body };
  try {
    return { content: gunzipSync(bytes, { maxOutputLength: most }) };
  } catch (error) {
    return { fault: error instanceof RangeError ? 'too_large' : 'not_gzip' };
  }
}

type ContentFault = 'too_large' | 'unknown_encoding' | 'not_gzip';

const BYTE_ORDER_MARK = 0xfeff;

/** The JSON value of a body; undefined if it is not JSON in UTF-8. A byte order mark is allowed (RFC 8259 §8.1). */
export function jsonIn(body: string | Buffer): { value: unknown } | undefined {
  if (typeof body !== 'string' && !isUtf8(body)) return undefined;
  const text = body.toString();
  try {
    return { value: JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text) };
  } catch {
    return undefined;
  }
}
