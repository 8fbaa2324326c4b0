/** An event of a trial, on one of its tokens. */
export type TrialEvent = {
  readonly ms: number;
  readonly change:
    | { readonly kind: 'login' | 'leave'; readonly token: string; readonly account: TrialAccount }
    | { readonly kind: 'logout'; readonly token: string }
    | { readonly kind: 'everywhere'; readonly account: TrialAccount };
};
type TrialAccount = { readonly account: string; readonly account_type: number };

/** Account types that the tables of XG and TPNS both have: unknown and, in the numbers of TPNS, e-mail. */
const TYPES = [0, 1005];

/** Percentages of events outside bursts. The rest are logins, most of them with another account than before. */
const PARTS = { logout: 25, leave: 10, everywhere: 4 };

/** Percentage of groups that are a burst: several events on one token in a row, as from an app that retries. */
const BURSTS = 12;
const LONGEST_BURST = 7;

const draw = (below: number): number => Math.floor(Math.random() * below);

/** Endless groups of changes. A group happens at once, and gets its time when it is sent. */
export function* trialChanges(tokens: readonly string[]): Generator<TrialEvent['change'][]> {
  const accounts = Math.ceil(tokens.length / 2);
  const who = (): TrialAccount => ({
    account: `account-${draw(accounts)}`,
    account_type: TYPES[draw(TYPES.length)] ?? 0,
  });
  for (;;) {
    const token = tokens[draw(tokens.length)] ?? '';
    const size = draw(100) < BURSTS ? 3 + draw(LONGEST_BURST - 2) : 1;
    yield Array.from({ length: size }, () => changeOf(token, who()));
  }
}

function changeOf(token: string, account: TrialAccount): TrialEvent['change'] {
  const part = draw(100);
  if (part < PARTS.everywhere) return { kind: 'everywhere', account };
  if (part < PARTS.everywhere + PARTS.leave) return { kind: 'leave', token, account };
  if (part < PARTS.everywhere + PARTS.leave + PARTS.logout) return { kind: 'logout', token };
  return { kind: 'login', token, account };
}

/** The body of the event for one app. */
export const bodyOf = ({ ms, change }: TrialEvent, app: string): object => ({
  type: TYPE_OF[change.kind],
  timestamp: new Date(ms).toISOString(),
  data: { app, ...dataOf(change) },
});

const TYPE_OF = {
  login: 'user.login',
  leave: 'user.logout',
  logout: 'user.logout',
  everywhere: 'user.logout_everywhere',
} as const;

function dataOf(change: TrialEvent['change']): object {
  if (change.kind === 'logout') return { token: change.token };
  if (change.kind === 'everywhere') return change.account;
  const scope = change.kind === 'leave' ? { scope: 'account' } : {};
  return { token: change.token, ...change.account, ...scope };
}

/** The accounts of each token. */
export type Bindings = ReadonlyMap<string, ReadonlySet<string>>;

const nameOf = ({ account, account_type }: TrialAccount): string => `${account_type}#${account}`;

/** Returns the bindings after these events, in any order: one account of each type on a token. */
export function bindingsAfter(events: readonly TrialEvent[]): Bindings {
  const held = new Map<string, Map<number, string>>();
  for (const { change } of events.toSorted((a, b) => a.ms - b.ms)) applyTo(held, change);
  return new Map([...held].map(([token, byType]) => [token, new Set(byType.values())]));
}

function applyTo(held: Map<string, Map<number, string>>, change: TrialEvent['change']): void {
  if (change.kind === 'everywhere') {
    for (const byType of held.values()) drop(byType, change.account);
    return;
  }
  const byType = held.get(change.token) ?? new Map<number, string>();
  held.set(change.token, byType);
  if (change.kind === 'logout') byType.clear();
  else if (change.kind === 'leave') drop(byType, change.account);
  else byType.set(change.account.account_type, nameOf(change.account));
}

function drop(byType: Map<number, string>, account: TrialAccount): void {
  if (byType.get(account.account_type) === nameOf(account)) byType.delete(account.account_type);
}
