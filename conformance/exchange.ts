import { type Dispatcher, request } from 'undici';

/** The longest time of one exchange (ms). */
const DEADLINE_MS = 15_000;

export type Exchange = {
  readonly method: Dispatcher.HttpMethod;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** The raw answer: no redirect is followed and no body decompressed. `json` is undefined if the body is not JSON. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: unknown;
};

export async function exchange({ method, url, headers, body }: Exchange): Promise<Answer> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const answer = await request(url, { method, headers, signal, body: method === 'GET' ? null : body });
  const text = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, text, json: jsonIn(text) };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
