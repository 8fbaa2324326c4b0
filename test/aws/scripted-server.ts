import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { serving } from '../conformance/http-server.ts';

export type Answer = { readonly status?: number; readonly body: string; readonly headers?: Record<string, string> };
export type Asked = { readonly headers: Readonly<Record<string, unknown>>; readonly body: unknown };

/** An endpoint that keeps what it is asked, and answers in turn; the last answer for ever. */
export async function scriptedServer(...answers: readonly Answer[]) {
  const asked: Asked[] = [];
  const { url, close } = await serving(async (request, response) => {
    const { status = 200, body, headers = {} } = answers[Math.min(asked.length, answers.length - 1)] ?? { body: '{}' };
    asked.push({ headers: request.headers, body: JSON.parse(await text(request)) });
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...headers }).end(body);
  });
  onTestFinished(close);
  return { url, asked };
}

export const error = (name: string, status = 400, more: object = {}): Answer => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.service#${name}`, message: 'of canary', ...more }),
});
