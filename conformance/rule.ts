import type { Api } from './api.ts';
import type { Authentication } from './credentials.ts';
import type { Dialect } from './dialects.ts';
import type { Policy } from './policy.ts';

/** What an API is like, as far as rules differ for it. */
export type Setting = {
  readonly dialect: Dialect;
  readonly authentication: Authentication;
  readonly policy: Policy;
};

/** One idea about an Account API, and how to see whether it is true. */
export type Rule = {
  readonly name: string;
  /** The idea, in a sentence. */
  readonly says: string;
  /** `document`: in the XG or TPNS documents. `bindery`: where they are silent, docs/account-api.md decides so. */
  readonly from: 'document' | 'bindery';
  /** It is only true of APIs that are like this; of any, where it is left out. */
  readonly only?: Partial<Setting>;
  /** Resolves where the rule holds, throws where it does not. */
  readonly check: (api: Api) => Promise<void>;
};
