/** Device tokens are 64 characters long, as FCM's and APNs' at least are. */
export const tokenAt = (i: number): string => `${i}`.padStart(64, '0123456789abcdef'.repeat(4));

const login = (i: number, id?: string) => ({
  type: 'user.login',
  ...(id && { id }),
  timestamp: new Date().toISOString(),
  data: { token: tokenAt(i), account: `account-${i}`, account_type: 0 },
});

/** The body of a request with this many logins, each of another token: about 190 bytes an event. */
export const loginBody = (events: number): string =>
  JSON.stringify(events === 1 ? login(0) : Array.from({ length: events }, (_, i) => login(i, `evt_${i}`)));
