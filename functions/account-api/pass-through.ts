import { Buffer } from 'node:buffer';
import { type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import type { App } from '../core/configuration.ts';
import type { HttpReply, HttpRequest } from '../lambda/request.ts';
import { failed } from './reply.ts';
import { withoutSpareSlashes } from './wire/endpoint.ts';

/** The limit of one call to a hosted API (ms). */
const TIMEOUT_MS = 10_000;

/** The most bytes of an answer: Lambda sends 6 MB, and base64 takes a third of that. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Headers of a request that the hosted API gets: its credential, and how to read the body. */
const HEADERS = ['authorization', 'accessid', 'timestamp', 'sign', 'content-type', 'content-encoding', 'accept'];

/** A value that a header can carry (RFC 9110 §5.5). Node refuses a request with another one. */
const CARRIED = /^[\t\x20-\x7e\x80-\xff]+$/;

/** Tests that a path is of the hosted API and none of ours. Letters, digits and hyphens alone: a path cannot climb. */
export function isHosted(path: string): boolean {
  const plain = withoutSpareSlashes(path);
  return /^\/v3(\/[\w-]+)+$/.test(plain) && !/^\/v3\/device\/account(\/|$)/i.test(plain);
}

/**
 * Sends a request on to the app's hosted API, unchanged, and returns its answer. The configuration alone decides the host,
 * and redirects are not followed. Nothing is sent twice: it may be a push.
 */
export async function passOn(app: App, { url }: { readonly url: string }, request: HttpRequest): Promise<HttpReply> {
  const base = new URL(url);
  const target = new URL(`${base.pathname.replace(/\/+$/, '')}${withoutSpareSlashes(request.path)}`, base);
  target.search = request.query ?? '';
  const line = { operation: 'passThrough' };
  try {
    const answer = await sent(target, request);
    const body = await bodyOf(answer);
    const { statusCode: status = 0, headers } = answer;
    // A gateway passes no other.
    if (status < 200 || status > 599) throw new Error('not a status of HTTP');
    return {
      status,
      headers: {
        'content-type': headers['content-type'] ?? 'application/octet-stream',
        ...(headers['retry-after'] && { 'retry-after': headers['retry-after'] }),
        ...(headers['content-encoding'] && { 'content-encoding': headers['content-encoding'] }),
      },
      body,
      line: { app: app.id, ...line, outcome: 'passed' },
    };
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? `${error.code}` : 'no answer';
    // No `retry-after`: the hosted API may have done it.
    return { ...failed({ app, endpoint: 'operate' }, { problem: 'unavailable' }, reason, line), headers: {} };
  }
}

function sent(url: URL, { headers, body }: HttpRequest): Promise<IncomingMessage> {
  const own = HEADERS.map((name) => [name, headers[name] ?? ''] as const).filter(([, value]) => CARRIED.test(value));
  const options = {
    method: 'POST',
    headers: { ...Object.fromEntries(own), 'content-length': Buffer.byteLength(body) },
    // A kept connection may have died while Lambda froze the function, and a request could then be sent twice.
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  } as const;
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? overHttps : overHttp;
    const request = send(url, options, resolve).on('error', reject);
    // After an answer that changes the protocol there is neither an answer nor an error.
    request.on('close', () => reject(new Error('no answer'))).end(body);
  });
}

async function bodyOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
