import { bodyOf, eventsIn, isRecord, jsonIn } from './describe.ts';
import type { Seen } from './recording.ts';
import type { Phone } from './wire.ts';

const timeOf = (ms: number): string => new Date(ms).toTimeString().slice(0, 8);

/** Says why the first superseded event of a request came too late, by the people who are bound now. */
export async function whyLate({ exchange }: Seen, phonesOf: (token: string) => Promise<Phone[]>): Promise<string> {
  const reply = jsonIn(exchange.result.body);
  const results: readonly unknown[] = isRecord(reply) && Array.isArray(reply['events']) ? reply['events'] : [];
  const at = results.findIndex((one) => isRecord(one) && one['outcome'] === 'superseded');
  const { account, token, app } = eventsIn(jsonIn(bodyOf(exchange.event)))[at]?.data ?? {};
  if (typeof token !== 'string') return 'too late: a later event had decided otherwise';
  const phones = await phonesOf(token);
  const [newest] = (phones.find((phone) => app === undefined || phone.app === app) ?? phones[0])?.people ?? [];
  if (newest === undefined) return 'too late: a later sign-out had come first';
  const again = newest.account === account ? ' again' : '';
  return `too late: ${newest.account} signed in${again} at ${timeOf(Date.parse(newest.boundAt))}`;
}
