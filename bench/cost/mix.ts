import { deviceToken } from '../sample-events.ts';

/** An auth event as an app sends it, for one account on one phone or for the account everywhere. */
export type MixEvent = {
  readonly id: string;
  readonly type: 'user.login' | 'user.logout' | 'user.logout_everywhere';
  readonly timestamp: string;
  readonly data: { readonly app: 'shop'; readonly token?: string; readonly account?: string };
};

export const MIX =
  '44 % logins of an account that is bound there already, 30 % on phones without an account, 6 % over another account, 18 % logouts, 2 % sign-outs everywhere';

const PERIOD = 50;

/** Events between two events of one phone. More than the largest request has, so that no request carries both. */
const APART = 3 * PERIOD;

/** Events until every kind of event meets the state that it expects. */
export const STEADY = 3 * APART;

/** Returns the mix, the same in every run, with names that begin with `who`. From event `STEADY` on it is steady. */
export function mixOf(count: number, who: string, start: Date): MixEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const place = i % PERIOD;
    const here = i - place;
    const event = { id: `${who}-${i}`, timestamp: new Date(start.getTime() + i).toISOString() };
    const phone = (n: number) => deviceToken(`${who}-${n}`);
    const login = (n: number, account = `${who}-account-${n}`): MixEvent => ({
      ...event,
      type: 'user.login',
      data: { app: 'shop', token: phone(n), account },
    });
    // Every period logs in on 15 phones, and again on them once or twice. The last events end what the phones have.
    if (place < 15) return login(here + place);
    if (place < 30) return login(here - APART + place - 15);
    if (place < 37) return login(here - 2 * APART + place - 30);
    const old = here - 3 * APART + place - 37;
    if (place < 40) return login(old, `${who}-second-${i}`);
    if (place < 49) return { ...event, type: 'user.logout', data: { app: 'shop', token: phone(old) } };
    return { ...event, type: 'user.logout_everywhere', data: { app: 'shop', account: `${who}-account-${old}` } };
  });
}
