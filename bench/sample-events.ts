/** A device token by its number or name, 64 characters long: FCM's and APNs' are at least that long. */
export const deviceToken = (name: number | string): string => `${name}`.padStart(64, '0123456789abcdef'.repeat(4));

/** A login of one account on one token. In a list each event needs an id. */
const loginEvent = (i: number, id?: string) => ({
  type: 'user.login',
  ...(id && { id }),
  timestamp: new Date().toISOString(),
  data: { token: deviceToken(i), account: `account-${i}`, account_type: 0 },
});

/** The body of a request with logins from number `first` on, each of another token. An event has about 190 bytes. */
export const loginBody = (events: number, first = 0): string =>
  JSON.stringify(
    events === 1
      ? loginEvent(first)
      : Array.from({ length: events }, (_, i) => loginEvent(first + i, `evt_${first + i}`)),
  );
