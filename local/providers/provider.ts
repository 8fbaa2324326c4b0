import type { PrivateJwk } from '../identity.ts';

/** The names in a sample event. */
export type Sample = { readonly account: string; readonly session: string; readonly now: Date };

/** The sender of a request: the source's secret, and the key of an issuer. `id`: of the message. */
export type Sender = {
  readonly secret: string;
  readonly privateJwk: PrivateJwk;
  readonly id: string;
  readonly now: Date;
};

/** Default of `method`: POST. */
export type Sent = {
  readonly method?: string;
  readonly query?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** Stands in for an identity provider on this machine: `npx bindery send --as`, the tests of the kind, and the fuzzer. */
export type Provider = {
  /** The options of a source that it sends to. `publicJwk`: the key of `Sender`. Default: none. */
  readonly options?: (publicJwk: object) => Readonly<Record<string, unknown>>;
  /** The payload of an event of each type, as the provider's documents show it. */
  readonly events: Readonly<Record<string, (sample: Sample) => unknown>>;
  /** The request that carries a payload, signed as the provider does. */
  readonly request: (payload: unknown, sender: Sender) => Sent | Promise<Sent>;
};
