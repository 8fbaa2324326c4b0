import { request } from 'undici';
import * as z from 'zod';
import { reasonOf } from '../../local/user-error.ts';
import { error, type Finding, ok, warning } from './finding.ts';

/** When a clock other than ours had a time: between the two moments of ours. `Date` headers have whole seconds. */
export type ClockSample = { readonly sentMs: number; readonly receivedMs: number; readonly dateMs: number };

/** Senders, phones and AWS tolerate more, but a clock that is off once goes on. */
const CLOCK_TOLERANCE_MS = 2_000;

/** Judges our clock by others. Each sample bounds the difference; the greatest one that is certain counts. */
export function judgeClock(samples: readonly ClockSample[]): Finding[] {
  if (samples.length === 0) return [];
  const offs = samples.map(({ sentMs, receivedMs, dateMs }) =>
    Math.max(sentMs - (dateMs + 1000), dateMs - receivedMs, 0),
  );
  const off = Math.max(...offs);
  if (off <= CLOCK_TOLERANCE_MS) return [ok('the clock of this machine is right')];
  const why = 'events that are sent from here have this clock: a login may be refused, or lose against a logout';
  return [warning(`the clock of this machine is ${Math.round(off / 1000)} s off`, why, 'synchronize it by NTP')];
}

/** An answer over HTTP, or the reason why there was none. */
type Answer =
  | { readonly status: number; readonly text: string; readonly clock?: ClockSample }
  | { readonly failed: string };

const TIMEOUT_MS = 10_000;

async function answerOf(url: string, now: () => number): Promise<Answer> {
  try {
    const sentMs = now();
    const { statusCode: status, headers, body } = await request(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const dateMs = Date.parse(`${headers['date']}`);
    const clock = Number.isNaN(dateMs) ? {} : { clock: { sentMs, receivedMs: now(), dateMs } };
    return { status, text: await body.text(), ...clock };
  } catch (reason) {
    return { failed: reasonOf(reason) };
  }
}

/** A path that no function has. */
const WRONG_PATH = '/doctor/no-such-path';

const OurRoot = z.object({ service: z.string().startsWith('Bindery') });

/** Our own 404 has a code, in one dialect or another. API Gateway's has a `message` alone. */
const isOurRefusal = (json: unknown): boolean => Object.keys(Object(json)).some((key) => !/^message$/i.test(key));

type Address = { readonly name: string; readonly url: string; readonly now: () => number };

/** Asks an address for its root and for a wrong path. Adds the dates of the answers to `clock`. */
export async function addressFindings({
  name,
  url,
  now,
  clock,
}: Address & { clock: ClockSample[] }): Promise<Finding[]> {
  const [root, wrong] = await Promise.all([`${url}/`, url + WRONG_PATH].map((one) => answerOf(one, now)));
  if (root === undefined || wrong === undefined) throw new Error('bug: two questions without two answers');
  for (const answer of [root, wrong]) if ('clock' in answer && answer.clock) clock.push(answer.clock);
  return [judgeAddress(name, url, root, wrong)];
}

/** Judges an address by its answers to its root and to a wrong path. */
function judgeAddress(name: string, url: string, root: Answer, wrong: Answer): Finding {
  const todo = 'compare the address with the outputs of the stack, and read the log of the function';
  for (const answer of [root, wrong])
    if ('failed' in answer)
      return error(`${name} ${url} does not answer`, answer.failed, 'is it deployed, or started?');
  if ('failed' in root || 'failed' in wrong) throw new Error('bug: an answer that failed');
  if (root.status === 429 || root.status >= 500)
    return warning(`${name} ${url} answers ${root.status}`, 'requests of senders fail in the same way', todo);
  if (root.status !== 200 || !OurRoot.safeParse(jsonIn(root.text)).success)
    return error(`${name} ${url} answers ${root.status}, and it is not Bindery`, 'requests go elsewhere', todo);
  if (wrong.status !== 404 || !isOurRefusal(jsonIn(wrong.text)))
    return error(`${name} answers ${wrong.status} to a wrong path`, 'something before Bindery changes paths', todo);
  return ok(`${name} ${url} answers`);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
