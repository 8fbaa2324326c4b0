/** A request in the list of events. A row that comes again, under the same number, replaces the one before. */
export type Row = {
  readonly n: number;
  /** Times in ms since 1970. `happenedMs`: of the oldest event in it. */
  readonly arrivedMs: number;
  readonly happenedMs?: number | undefined;
  readonly tookMs: number;
  readonly from: string;
  readonly what: string;
  readonly status: number;
  readonly tone: Tone;
  /** The outcome in words. */
  readonly outcome: string;
};

/** `late`: accepted, and a later event had decided otherwise. `read`: a question, which changes nothing. */
export type Tone = 'good' | 'late' | 'refused' | 'trouble' | 'read';

export type Issue = { readonly path: string; readonly message: string };

/** A request with all that was sent and answered. */
export type Detail = {
  readonly row: Row;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly reply: string;
  readonly issues: readonly Issue[];
  /** The signature that this request should have had, if its source signs as Standard Webhooks say. */
  readonly expected?: string | undefined;
  /** The log line of the request. */
  readonly line: Readonly<Record<string, unknown>>;
  /** The id of a source whose secret is known here: the request can be signed again. */
  readonly source?: string | undefined;
};

export type About = {
  readonly title: string;
  readonly url: string;
  readonly apps: readonly string[];
  /** Sources that sign as Standard Webhooks say, with their secrets. None against a deployment. */
  readonly sources: readonly { readonly id: string; readonly secret: string }[];
  /** True against a deployment: nothing is sent, and names are hidden until asked for. */
  readonly isReadOnly: boolean;
};

export type Person = { readonly account: string; readonly type: number };

/** A person on a phone. `boundAt` in ISO 8601. */
export type Binding = Person & { readonly boundAt: string; readonly fence: string };

export type Phone = {
  readonly app: string;
  readonly token: string;
  readonly people: readonly Binding[];
  /** The fence that the phone got for its own sign-in, if it signed in by itself. */
  readonly ownFence?: string | undefined;
};

export type Device = {
  readonly account: string;
  readonly app: string;
  readonly token: string;
  readonly fence: string;
};

/** The answer of a door to a request that the page had signed. */
export type Answered = { readonly status: number; readonly reply: string };

export type Depth = {
  readonly queue: string;
  readonly waiting: number;
  readonly inFlight: number;
  readonly delayed: number;
};

export type ParkedReason = {
  readonly reason: string;
  readonly messages: number;
  readonly oldest: string;
  readonly newest: string;
  readonly operations: Readonly<Record<string, number>>;
  readonly apps: readonly string[];
};

export type Mirrored = {
  readonly app: string;
  readonly token: string;
  readonly pushed: readonly string[] | null;
  readonly misses: number;
  readonly pushedMs: number;
  readonly waiting: boolean;
  readonly dropped?: string | undefined;
};

export type Queues = {
  readonly depths: readonly Depth[];
  readonly mirrors: readonly Mirrored[];
};

/** `perhaps`: an operation was on its way, and it depends on which came first. */
type Standing = 'yes' | 'perhaps' | 'no';

/** One person on one phone over time: of a token, a lane for each person, of a person, a lane for each phone. */
export type Lane = {
  readonly name: string;
  readonly app: string;
  /** The latest first, and not the oldest if there are too many. Times in ms since 1970; undefined before the ledger began, and until now. */
  readonly spans: readonly {
    readonly standing: Standing;
    readonly fromMs?: number | undefined;
    readonly untilMs?: number | undefined;
  }[];
};

/** An operation in the ledger. `happenedMs`: the time of its event. */
export type LedgerLine = {
  readonly happenedMs: number;
  readonly appliedMs: number;
  /** `people`, `verb`, `token`: who did what where. An empty text where there is none. */
  readonly people: readonly string[];
  readonly verb: string;
  readonly token: string;
  readonly outcome: string;
  readonly from: string;
};

export type Timeline = {
  readonly nowMs: number;
  readonly beginMs: number;
  readonly lanes: readonly Lane[];
  readonly lines: readonly LedgerLine[];
  /** Counts of the oldest that are not in the answer. */
  readonly leftOut: { readonly lanes: number; readonly lines: number };
};

/** The questions of the page, and the type of each answer. A question is a record of texts. */
export type Asks = {
  readonly about: About;
  /** `find`: part of a token or an account. */
  readonly phones: { readonly phones: readonly Phone[]; readonly isWhole: boolean };
  /** `account`, `type`: the devices that would get a push. Several accounts stand on a line each. */
  readonly push: { readonly askedMs: number; readonly devices: readonly Device[] };
  /** `n`: of a row. */
  readonly detail: Detail;
  /** `source`, `body`, `id`: sends a body, signed with the secret of the source. */
  readonly send: Answered;
  /** `n`: sends a request again as it was, with a new signature. */
  readonly again: Answered;
  /** `of`: `token` or `account`; `name`, `app`, `type`: the history of one of them. */
  readonly timeline: Timeline;
  readonly queues: Queues;
  readonly parked: { readonly reasons: readonly ParkedReason[] };
  /** `reason`, `yes`: the lines of the command `dlq redrive`. */
  readonly redrive: { readonly lines: readonly string[] };
};

export type Question = Readonly<Record<string, string>>;
export type Answers = { readonly [K in keyof Asks]?: (question: Question) => Promise<Asks[K]> };
