import { deviceToken } from '../sample-events.ts';

/** An auth event as an app sends it, for one account on one phone or for the account everywhere. */
export type MixEvent = {
  readonly id: string;
  readonly type: 'user.login' | 'user.logout' | 'user.logout_everywhere';
  readonly timestamp: string;
  readonly data: { readonly app: 'shop'; readonly token?: string; readonly account?: string };
};

export const MIX =
  '60 % logins on phones without an account, 8 % logins over another account, 30 % logouts, 2 % sign-outs everywhere';

const PERIOD = 50;

/** Events between a login and its logout. More than the largest request has, so that no request carries both. */
export const APART = 4 * PERIOD;

/** Returns the mix, the same in every run, with names that begin with `who`. The first `APART` events have logouts without a login. */
export function mixOf(count: number, who: string, start: Date): MixEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const place = i % PERIOD;
    const here = i - place;
    const before = here - APART;
    const event = { id: `${who}-${i}`, timestamp: new Date(start.getTime() + i).toISOString() };
    const phone = (n: number) => deviceToken(`${who}-${n}`);
    const login = (n: number, account: string): MixEvent => ({
      ...event,
      type: 'user.login',
      data: { app: 'shop', token: phone(n), account },
    });
    if (place < 30) return login(here + place, `${who}-account-${here + place}`);
    if (place < 34) return login(before + place - 30, `${who}-second-${here + place}`);
    if (place < 49) return { ...event, type: 'user.logout', data: { app: 'shop', token: phone(before + place - 30) } };
    return {
      ...event,
      type: 'user.logout_everywhere',
      data: { app: 'shop', account: `${who}-account-${before + 20}` },
    };
  });
}
