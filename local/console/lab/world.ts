export const PEOPLE = ['alice', 'bob', 'carol', 'dave'] as const;
export type Name = (typeof PEOPLE)[number];

/** A phone as it is in truth. `fence`: of its sign-in; it has none before the back end passes it on. */
export type LabPhone = {
  readonly token: string;
  user: Name | undefined;
  session: string;
  fence: string | undefined;
};

/** An event that a back end sends. Its time is that of the phone's own action. */
export type LabEvent = { readonly id: string; readonly atMs: number } & (
  | { readonly kind: 'login'; readonly token: string; readonly person: Name; readonly session: string }
  | { readonly kind: 'logout'; readonly token: string }
  | { readonly kind: 'everywhere'; readonly person: Name }
);

export const ACTIONS = ['login', 'logout', 'switch', 'everywhere', 'reinstall'] as const;
export type Action = (typeof ACTIONS)[number];

/** People and phones: the order of the phones' own actions is the truth that every table is compared with. */
export class World {
  readonly phones: readonly LabPhone[];
  readonly #random: () => number;
  readonly #run: string;
  #count = 0;
  #lastMs = 0;

  constructor(run: string, random: () => number, count = 4) {
    this.#run = run;
    this.#random = random;
    this.phones = Array.from({ length: count }, (_, i) => ({
      token: `lab-${run}-${i + 1}`,
      user: undefined,
      session: '',
      fence: undefined,
    }));
  }

  /** Does an action on a phone that allows it, chosen by chance: a login on the last free phone is a switch. Returns its events. */
  act(action: Action, nowMs: number): LabEvent[] {
    const used = this.phones.filter(({ user }) => user !== undefined);
    const free = this.phones.filter(({ user }) => user === undefined);
    const phone = this.#one(action === 'login' ? free : used);
    if (phone === undefined) return action === 'login' ? this.act('switch', nowMs) : [];
    const before = phone.user;
    switch (action) {
      case 'login':
        return [this.#login(phone, this.#one(PEOPLE), nowMs)];
      case 'logout':
        return [this.#logout(phone, nowMs)];
      case 'switch':
        return [
          this.#logout(phone, nowMs),
          this.#login(phone, this.#one(PEOPLE.filter((name) => name !== before)), nowMs),
        ];
      case 'everywhere':
        for (const each of this.phones.filter(({ user }) => user === before)) leave(each);
        return before === undefined ? [] : [{ kind: 'everywhere', person: before, ...this.#moment(nowMs) }];
      case 'reinstall':
        // The app has no time to say anything: the push service keeps the token, and no event is sent.
        leave(phone);
        return [];
    }
  }

  /** The back end passes the fence of a sign-in on, which counts only while the phone is in that session. */
  passOn(session: string, fence: string): void {
    for (const phone of this.phones) if (phone.session === session) phone.fence = fence;
  }

  #login(phone: LabPhone, person: Name | undefined, nowMs: number): LabEvent {
    const moment = this.#moment(nowMs);
    const session = `${moment.id}-session`;
    Object.assign(phone, { user: person, session, fence: undefined });
    return { kind: 'login', token: phone.token, person: person ?? PEOPLE[0], session, ...moment };
  }

  #logout(phone: LabPhone, nowMs: number): LabEvent {
    leave(phone);
    return { kind: 'logout', token: phone.token, ...this.#moment(nowMs) };
  }

  /** No two actions have one millisecond: a person needs longer. */
  #moment(nowMs: number): { id: string; atMs: number } {
    this.#count += 1;
    this.#lastMs = Math.max(nowMs, this.#lastMs + 1);
    return { id: `lab_${this.#run}_${this.#count}`, atMs: this.#lastMs };
  }

  #one<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }
}

function leave(phone: LabPhone): void {
  Object.assign(phone, { user: undefined, session: '', fence: undefined });
}
