/** An auth event as an app sends it; what happens to one account on one phone, or to the account everywhere. */
export type MixEvent = {
  readonly id: string;
  readonly type: 'user.login' | 'user.logout' | 'user.logout_everywhere';
  readonly timestamp: string;
  readonly data: { readonly app: 'shop'; readonly token?: string; readonly account?: string };
};

export const MIX =
  '60 % logins on phones nobody is signed in on, 8 % logins over another account, 30 % logouts, 2 % sign-outs everywhere';

const PERIOD = 50;

/** Events between a login and what ends it: more than the largest request has, so that none carries both. */
export const APART = 4 * PERIOD;

/** Events of the mix, the same every time; the first `APART` end logins that were before them. Names begin with `who`. */
export function mixOf(count: number, who: string, start: Date): MixEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const place = i % PERIOD;
    const here = i - place;
    const before = here - APART;
    const event = { id: `${who}-${i}`, timestamp: new Date(start.getTime() + i).toISOString() };
    const phone = (n: number) => `${who}-${n}`.padStart(64, '0123456789abcdef'.repeat(4));
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
