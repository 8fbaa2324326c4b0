import type { KeyObject } from 'node:crypto';
import * as z from 'zod/mini';
import type { App, Source } from '../core/configuration.ts';
import type { TimeSpan } from '../core/time.ts';
import type { Issue } from '../lambda/issues.ts';
import { type HttpReply, type HttpRequest, jsonIn, MAX_BODY_BYTES } from '../lambda/request.ts';
import type { AuthEvent, Change, Effect } from './auth-event.ts';
import type { Fault } from './signature.ts';

/** Why an event has no effect. It is answered like one that has: providers switch off an endpoint that refuses. */
export type Nothing = 'other_type' | 'no_account' | 'no_session';

/**
 * One thing that happened. `id` is equal in all copies and attempts. An event of our own format is complete: its content
 * (equal in all copies too) makes its stamps, and `path` is the place of its time in the body. A provider's is a change in
 * the provider's own names, or nothing; its time may be unknown, which is `arrival`.
 */
export type Fact =
  | {
      readonly id: string;
      readonly at: TimeSpan;
      readonly event: AuthEvent | { readonly issue: Issue };
      readonly content: unknown;
      readonly path: string;
    }
  | ({ readonly id: string; readonly at: TimeSpan | 'arrival' } & Change)
  | { readonly nothing: Nothing };

export type Refused =
  | ({ readonly refused: 'not_signed' } & Fault)
  | { readonly refused: 'not_json' }
  | { readonly refused: 'invalid_event'; readonly issues: readonly Issue[] };

/** The facts of a request, the reason to refuse it, or the answer to one that says nothing, such as a handshake. */
export type Received = { readonly facts: readonly Fact[] } | Refused | { readonly reply: HttpReply };

/** A source with the apps that its events may change. */
export type Reach = { readonly source: Source; readonly apps: readonly App[] };

/** The surroundings of a request. `keys`: the live ones that can be used, newest first. */
type To = Reach & { readonly keys: readonly KeyObject[]; readonly nowMs: number };

/** The surroundings of a source. `account`: the field that is the account. */
type ReceiverPorts = { readonly account: string; readonly fetch: typeof fetch; readonly now: () => number };

/** May reject with `Unavailable`, such as when an issuer's keys cannot be read: the sender is asked to try again. */
type Receive = (request: HttpRequest, to: To) => Received | Promise<Received>;

type Definition<O extends z.ZodMiniType> = {
  /**
   * `ours`: a secret that we generate. `theirs`: one that the provider shows; the generated text is its placeholder, so
   * `keyOf` must take 44 letters and digits. `published`: an issuer's keys. `iam`: no HTTP.
   */
  readonly credential: 'ours' | 'theirs' | 'published' | 'iam';
  /** The options of a source of this kind, strict. Every message stands after the option's name. Default: none. */
  readonly options?: O;
  /** The provider's fields that can be the account, the default first. Empty if events name accounts themselves. */
  readonly accounts: readonly string[];
  /** The events with an effect, by the names that docs/events.md gives them. */
  readonly effects: Readonly<Record<string, Effect>>;
  /** Makes a key of a secret's text; throws if it is none. Needed with a secret. */
  readonly keyOf?: (secret: string) => KeyObject;
  /** Default: 256 KiB. */
  readonly maxBytes?: number;
  /** Default: POST. */
  readonly methods?: readonly string[];
  /** Called once for each source. Verifies, parses and translates: `functions/events/sources/clerk.ts` is an example. */
  readonly receiver: (options: z.infer<O>, ports: ReceiverPorts) => Receive;
  /** Gives our answer the form that the provider needs. Default: ours. */
  readonly reply?: (ours: HttpReply, request: HttpRequest) => HttpReply;
};

/** A kind of source: one file in `sources/`, which exports it as `kind`. */
export type SourceKind = Required<Omit<Definition<z.ZodMiniType>, 'receiver' | 'keyOf' | 'reply'>> &
  Pick<Definition<z.ZodMiniType>, 'keyOf' | 'reply'> & {
    readonly receiverFor: (source: Source, ports: OpenPorts) => Receive;
  };

type OpenPorts = Omit<ReceiverPorts, 'account'>;

export function sourceKind<O extends z.ZodMiniType>({ receiver, ...kind }: Definition<O>): SourceKind {
  const schema = kind.options ?? z.strictObject({});
  return {
    maxBytes: MAX_BODY_BYTES,
    methods: ['POST'],
    ...kind,
    options: schema,
    receiverFor: ({ options, account = kind.accounts[0] ?? '' }, ports) =>
      // The output of `O`. A kind without options does not look at them.
      receiver(z.parse<z.ZodMiniType>(schema, options) as z.infer<O>, { ...ports, account }),
  };
}

/** Reads a body of JSON, if the request has no fault. */
export function readJson(
  fault: Fault | undefined,
  { body }: HttpRequest,
  factsIn: (body: unknown) => readonly Fact[],
): Received {
  if (fault !== undefined) return { refused: 'not_signed', ...fault };
  const json = jsonIn(body);
  return json === undefined ? { refused: 'not_json' } : { facts: factsIn(json.value) };
}

/** Returns the faults of a source of this kind, with their places in its entry. */
export function faultsOf({ options, account, transform, tickets }: Source, kind: SourceKind): Issue[] {
  const read = z.safeParse(kind.options, options);
  const ofOptions = (read.error?.issues ?? []).map(({ path, message }) => ({
    path: ['options', ...path].join('.'),
    message,
  }));
  const { accounts } = kind;
  const isNamed = accounts.length === 0;
  return [
    ...ofOptions,
    ...(isNamed && account !== undefined ? [fault('account', 'the events of this kind name accounts themselves')] : []),
    ...(isNamed && transform !== undefined
      ? [fault('transform', 'the events of this kind name accounts as they are')]
      : []),
    ...(!isNamed && account !== undefined && !accounts.includes(account)
      ? [fault('account', `must be one of ${accounts.join(', ')}`)]
      : []),
    ...(tickets && !isNamed ? [fault('tickets', "only the app's own source signs them")] : []),
  ];
}

const fault = (path: string, message: string): Issue => ({ path, message });

/** A source that is ready to receive. */
export type OpenSource = Reach & { readonly kind: SourceKind; readonly receive: Receive };

type Senders = { readonly apps: readonly App[]; readonly sources: readonly Source[] };

/** Returns a kind by its name. */
export type KindNamed = (name: string) => SourceKind | Promise<SourceKind>;

/** Opens every source, by its id. Kinds are loaded here, so before the first request. */
export function openSources(
  { apps, sources }: Senders,
  kindNamed: KindNamed,
  ports: OpenPorts,
): ReadonlyMap<string, OpenSource | Promise<OpenSource>> {
  const open = (source: Source) => {
    const opened = (kind: SourceKind): OpenSource => ({
      source,
      apps: apps.filter(({ id }) => source.apps.includes(id)),
      kind,
      receive: kind.receiverFor(source, ports),
    });
    const kind = kindNamed(source.kind);
    return kind instanceof Promise ? kind.then(opened) : opened(kind);
  };
  return new Map(sources.map((source) => [source.id, open(source)]));
}

type OpenSources = ReturnType<typeof openSources>;

/** Makes the key of a source's secret as its kind does. */
export const keyIn =
  (sources: OpenSources) =>
  async (secret: string, source: string): Promise<KeyObject> => {
    const keyOf = (await sources.get(source))?.kind.keyOf;
    if (keyOf === undefined) throw new Error('bug: a secret of a source that has none');
    return keyOf(secret);
  };
