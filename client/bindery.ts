import { isRecord, jwt, type Message, post, type Signer, signer, type TransportOptions } from './transport.ts';

export { GaveUpError, type Issue, type Message, NotSignedError, RefusedError, signer } from './transport.ts';

/** `account_type` defaults to the one of the source, in `resolve` to 0. */
export type Account = { readonly account: string; readonly account_type?: number | undefined };

type Moment = Date | string;
type InApp = { readonly app?: string | undefined };
type OnToken = InApp & { readonly platform?: 'android' | 'ios' | undefined; readonly token: string };
type InSession = { readonly session_id?: string | undefined };

/** The data of each event, by its type. docs/events.md says what each does. */
export type EventData = {
  readonly 'user.login': OnToken &
    InSession &
    (Account | { readonly accounts: readonly Account[] }) & {
      readonly mode?: 'override' | 'append' | undefined;
      readonly installation_id?: string | undefined;
      readonly expires_at?: Moment | undefined;
    };
  readonly 'user.logout':
    | (OnToken & InSession)
    | (OnToken & InSession & Account & { readonly scope: 'account' })
    | (Partial<OnToken & Account> & { readonly scope: 'session'; readonly session_id: string });
  readonly 'user.logout_everywhere': InApp & Account & { readonly except?: Required<InSession> | undefined };
  readonly 'user.deleted': InApp & Account;
  readonly 'device.token_changed': OnToken &
    InSession & { readonly old_token: string; readonly accounts?: readonly Account[] | undefined };
  readonly 'device.gone': OnToken;
};

/** `at`: when it happened. Default: now, and later than all before it about the same tokens and accounts. */
export type Event<T extends keyof EventData> = EventData[T] & { readonly at?: Moment | undefined };

/** `applied`: the next query sees it. `durable`: it soon does. `superseded`: a later event had decided otherwise. */
export type Outcome = 'applied' | 'durable' | 'superseded' | 'refused';
export type Sent = {
  readonly outcome: Outcome;
  readonly events: readonly { readonly id: string; readonly outcome: Outcome; readonly reason?: string }[];
  readonly request_id: string;
};

/** `fence`: a message carries it, and a phone that has another fence does not show the message. Times in ISO 8601. */
export type Device = {
  readonly app: string;
  readonly platform: 'android' | 'ios';
  readonly token: string;
  readonly bound_at: string;
  readonly fence: string;
  readonly expires_at?: string;
};
export type Resolved = {
  readonly account: string;
  readonly account_type: number;
  readonly devices: readonly Device[];
};
type Page = { readonly accounts: readonly Resolved[]; readonly cursor?: string };

export type CallOptions = Pick<TransportOptions, 'signal'>;
/** `apps`: those to look in. Default: all that the reader may read. */
export type ResolveOptions = CallOptions & { readonly apps?: readonly string[] | undefined };

export type BinderyOptions = Omit<TransportOptions, 'signal'> & {
  readonly url: string;
  /** Id and secret (`whsec_…`) of an entry of `sources`, for events and tickets. */
  readonly source?: string | undefined;
  readonly secret?: string | undefined;
  /** The secret of an entry of `readers`, for `resolve`. */
  readonly reader?: string | undefined;
};

/** The most accounts that one request of `resolve` may name. */
const ACCOUNTS_PER_CALL = 100;

/** A ticket is good for as long (s), at most. */
const TICKET_S = 60;

/** Sends auth events and asks which devices accounts have. It logs nothing. */
export class Bindery {
  readonly #options: BinderyOptions;
  readonly #url: string;
  readonly #sign: Signer | undefined;
  readonly #clock = new Clock();

  constructor(options: BinderyOptions) {
    if (!URL.canParse(options.url)) throw new TypeError('the option `url` is not a URL');
    this.#options = options;
    this.#url = options.url.replace(/\/+$/, '');
    this.#sign = options.secret === undefined ? undefined : signer(options.secret);
  }

  /** The phone ends with exactly these accounts; with `mode: 'append'` the others stay. */
  login(data: Event<'user.login'>, options?: CallOptions): Promise<Sent> {
    return this.send(this.message('user.login', data), options);
  }

  /** Every account leaves the phone; with a `scope`, one account or what one session bound. */
  logout(data: Event<'user.logout'>, options?: CallOptions): Promise<Sent> {
    return this.send(this.message('user.logout', data), options);
  }

  logoutEverywhere(data: Event<'user.logout_everywhere'>, options?: CallOptions): Promise<Sent> {
    return this.send(this.message('user.logout_everywhere', data), options);
  }

  deleted(data: Event<'user.deleted'>, options?: CallOptions): Promise<Sent> {
    return this.send(this.message('user.deleted', data), options);
  }

  /** Without `accounts` those of the old token move to the new one. */
  tokenChanged(data: Event<'device.token_changed'>, options?: CallOptions): Promise<Sent> {
    return this.send(this.message('device.token_changed', data), options);
  }

  /** 1 to 100 tokens that the push service says are gone. `at`: its own time, or the time before you sent the push. */
  gone(tokens: readonly (EventData['device.gone'] & { readonly at: Moment })[], options?: CallOptions): Promise<Sent> {
    const id = newId();
    const events = tokens.map((data, i) => ({ id: `${id}-${i}`, ...this.#event('device.gone', data) }));
    return this.send({ id, body: JSON.stringify(events) }, options);
  }

  /** Returns the message of an event, to be sent later: an outbox stores it in the transaction of the session. */
  message<T extends keyof EventData>(type: T, data: Event<T>): Message {
    return { id: newId(), body: JSON.stringify(this.#event(type, data)) };
  }

  send(message: Message, options?: CallOptions): Promise<Sent> {
    const { sign, source } = this.#sender();
    const headers = () => sign(message, this.#now());
    const url = `${this.#url}/events/${encodeURIComponent(source)}`;
    return post({ ...this.#options, ...options, url, body: message.body, headers, isAnswer: isSent });
  }

  /** Returns every account with all its devices, in the order asked. */
  async resolve(accounts: readonly Account[], options?: ResolveOptions): Promise<readonly Resolved[]> {
    const found = new Map<string, Resolved & { readonly devices: Device[] }>();
    for await (const page of this.resolvePages(accounts, options))
      for (const one of page) {
        const name = `${one.account_type} ${one.account}`;
        const known = found.get(name);
        if (known === undefined) found.set(name, { ...one, devices: [...one.devices] });
        else known.devices.push(...one.devices);
      }
    return [...found.values()];
  }

  /** Yields the answer page by page. An account with many devices may stand on several. */
  async *resolvePages(accounts: readonly Account[], options: ResolveOptions = {}): AsyncGenerator<Page['accounts']> {
    const { reader } = this.#options;
    if (reader === undefined) throw new TypeError('resolve needs the option `reader`');
    const headers = () => ({ authorization: `Bearer ${reader.trim()}` });
    const { apps, signal } = options;
    for (let first = 0; first < accounts.length; first += ACCOUNTS_PER_CALL) {
      const asked = { accounts: accounts.slice(first, first + ACCOUNTS_PER_CALL), apps };
      let cursor: string | undefined;
      do {
        const body = JSON.stringify({ ...asked, cursor });
        const url = `${this.#url}/v1/resolve`;
        const page = await post({ ...this.#options, signal, url, body, headers, isAnswer: isPage });
        yield page.accounts;
        cursor = page.cursor;
      } while (cursor !== undefined);
    }
  }

  /** Returns a ticket, with which the phone of a person who has just signed in binds its token (docs/phone.md). */
  async ticket({ account, account_type, session_id: sid }: Account & InSession): Promise<string> {
    const { source: iss, secret } = this.#sender();
    // Milliseconds: a sign-out everywhere earlier in this second does not end the ticket.
    const iat = this.#clock.next(subjectsOf({ account }), this.#now()) / 1000;
    return jwt(secret, { iss, sub: account, account_type, sid, iat, exp: Math.floor(iat) + TICKET_S });
  }

  #event(type: keyof EventData, { at, ...data }: { readonly at?: Moment | undefined }): object {
    const subjects = subjectsOf(data);
    if (at === undefined) return { type, timestamp: new Date(this.#clock.next(subjects, this.#now())), data };
    this.#clock.saw(subjects, new Date(at).getTime(), this.#now());
    return { type, timestamp: at, data };
  }

  #now(): number {
    return Math.floor((this.#options.now ?? Date.now)());
  }

  #sender(): { readonly sign: Signer; readonly source: string; readonly secret: string } {
    const { source, secret } = this.#options;
    if (source === undefined || secret === undefined || this.#sign === undefined)
      throw new TypeError('events and tickets need the options `source` and `secret`');
    return { sign: this.#sign, source, secret };
  }
}

const newId = (): string => `msg_${crypto.randomUUID()}`;

/** The tokens and accounts that an event is about. iOS has a token in either case. */
const subjectsOf = (data: object): string[] =>
  Object.entries(data).flatMap(([name, value]): string[] => {
    if (name === 'token' || name === 'old_token') return [`token ${value}`.toLowerCase()];
    if (name === 'account') return [`account ${value}`];
    return name === 'accounts' && Array.isArray(value) ? value.flatMap(subjectsOf) : [];
  });

/** The most tokens and accounts whose last time is kept. */
const MOST_SUBJECTS = 10_000;

/** A login may be so far ahead of the server's clock (ms). */
const AHEAD_MS = 5_000;

/** The last time (ms since 1970) of each token and account: of two events of one millisecond, a removal would win. */
class Clock {
  readonly #last = new Map<string, number>();
  /** The latest of the times that were forgotten. */
  #floor = 0;

  /** Returns a time later than all before it of these subjects. */
  next(subjects: readonly string[], nowMs: number): number {
    const ms = subjects.reduce((latest, one) => Math.max(latest, this.#lastOf(one) + 1), nowMs);
    this.#keep(subjects, ms);
    return ms;
  }

  /** Takes note of a caller's own time. One that is far ahead must not spoil those of the events that follow. */
  saw(subjects: readonly string[], ms: number, nowMs: number): void {
    if (ms <= nowMs + AHEAD_MS) this.#keep(subjects, ms);
  }

  #lastOf(subject: string): number {
    return this.#last.get(subject) ?? this.#floor;
  }

  #keep(subjects: readonly string[], ms: number): void {
    for (const one of subjects) {
      const latest = Math.max(ms, this.#lastOf(one));
      this.#last.delete(one);
      this.#last.set(one, latest);
    }
    for (const [oldest, latest] of this.#last) {
      if (this.#last.size <= MOST_SUBJECTS) break;
      this.#last.delete(oldest);
      this.#floor = Math.max(this.#floor, latest);
    }
  }
}

const isSent = (json: unknown): json is Sent =>
  isRecord(json) && typeof json['outcome'] === 'string' && Array.isArray(json['events']);
const isPage = (json: unknown): json is Page => isRecord(json) && Array.isArray(json['accounts']);
