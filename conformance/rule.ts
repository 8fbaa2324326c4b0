import type { Api } from './api.ts';
import type { Authentication } from './credentials.ts';
import type { Dialect } from './dialects.ts';
import type { Policy } from './policy.ts';

/** The properties of an API on which rules depend. */
export type Setting = {
  readonly dialect: Dialect;
  readonly authentication: Authentication;
  readonly policy: Policy;
};

/** One rule of the contract, and its check. */
export type Rule = {
  readonly name: string;
  /** The rule in one sentence. */
  readonly says: string;
  /** `document`: from the XG or TPNS documents. `bindery`: from docs/account-api.md, as the documents are silent. */
  readonly from: 'document' | 'bindery';
  /** The APIs for which the rule holds. Default: all. */
  readonly only?: Partial<Setting>;
  /** Resolves if the rule holds, throws if not. */
  readonly check: (api: Api) => Promise<void>;
};
