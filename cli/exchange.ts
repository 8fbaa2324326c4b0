import { request } from 'undici';
import { hasCode, UserError } from '../local/user-error.ts';

export type Answer = { readonly status: number; readonly text: string };

/** Longer than any door may take, a cold start included (ms). */
const TIMEOUT_MS = 15_000;

/** Posts JSON and answers with what came back, whatever its status. */
export async function post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
  try {
    const response = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.statusCode, text: await response.body.text() };
  } catch (error) {
    const { origin } = new URL(url);
    if (hasCode(error, 'ECONNREFUSED')) throw new UserError(`nothing answers at ${origin}: is \`npm start\` running?`);
    throw new UserError(`${origin} cannot be asked: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The JSON of an answer; its text where that is none, as of a proxy's error page. */
export const replyIn = ({ text }: Answer): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
