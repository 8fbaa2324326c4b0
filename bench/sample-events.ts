/** Device tokens are 64 characters long, as FCM's and APNs' at least are. */
export const tokenAt = (i: number): string => `${i}`.padStart(64, '0123456789abcdef'.repeat(4));

/** A login of one account on one token. In a list it has an id of its own. */
export const loginOf = (i: number, id?: string) => ({
  type: 'user.login',
  ...(id && { id }),
  timestamp: new Date().toISOString(),
  data: { token: tokenAt(i), account: `account-${i}`, account_type: 0 },
});

/** The body of a request with this many logins, from number `first` on, each of another token: about 190 bytes an event. */
export const loginBody = (events: number, first = 0): string =>
  JSON.stringify(
    events === 1 ? loginOf(first) : Array.from({ length: events }, (_, i) => loginOf(first + i, `evt_${first + i}`)),
  );
