import { HORIZON_MS, LATENESS_MS } from '../../functions/core/merge.ts';

const DAY_MS = 86_400_000;

/** The remains of an erase that are counted, and the apps with a mirror. */
export type Remains = {
  /** Devices whose document names the person by an event after the sign-out. */
  readonly namedSince: number;
  /** States of mirrors that name the person until the next comparison. */
  readonly mirrorStates: number;
  readonly historyEntries: number;
  readonly unreadable: number;
  readonly mirrored: readonly string[];
  readonly hasHistory: boolean;
};

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Lines that say what is left of the person, where, and until when. */
export function leftLines(remains: Remains, nowMs: number): string[] {
  const { namedSince, mirrorStates, historyEntries, unreadable, mirrored, hasHistory } = remains;
  const until = (days: number) => dayOf(nowMs + days * DAY_MS);
  const sweptOn = dayOf(nowMs + HORIZON_MS + LATENESS_MS + 3 * DAY_MS);
  const counted = (count: number, text: string) => (count === 0 ? [] : [`${count} ${text}`]);
  return [
    ...counted(namedSince, 'device(s) with events after the sign-out, such as a new sign-in: these count, and stay'),
    ...counted(mirrorStates, 'mirror state(s), until the comparison with the hosted API, within a day: run this again'),
    ...counted(historyEntries, 'entries of the history that changed meanwhile: run this again'),
    ...counted(unreadable, 'item(s) that this version cannot read: look at them by hand'),
    ...mirrored.map((app) => `the hosted API of ${app}: its own copy, by its own rules`),
    `queues: messages that were sent before, at most until ${until(7)}; parked ones until ${until(14)} (bindery dlq)`,
    `backups (point-in-time recovery): until ${until(35)}; after a restore from before now, run this again`,
    `digests of the account as keys of the registry, without its name: until about ${sweptOn}`,
    'an event from before that comes late binds nothing, but it may bring the name back: with a sign-in until the next sweep, within a day; with a sign-out of one device for up to 49 days',
    ...(hasHistory
      ? ['the history names the account again if such an event comes late: run this again after a week']
      : []),
    'logs: none',
  ];
}
