import type { Api } from './api.ts';
import type { Policy } from './policy.ts';

/** What a rule needs beside the API: how many accounts a token may hold there, which its behaviour has shown. */
export type Setting = { readonly policy: Policy };

/** Says why a rule does not apply to this API. */
export class NotApplicable {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** One idea about an Account API, and how to see whether it is true. */
export type Rule = {
  readonly name: string;
  /** The idea, in a sentence. */
  readonly says: string;
  /** `document`: in the XG or TPNS documents. `bindery`: where they are silent, docs/account-api.md decides so. */
  readonly from: 'document' | 'bindery';
  /** Resolves where the rule holds, throws where it does not. */
  readonly check: (api: Api, setting: Setting) => Promise<NotApplicable | void>;
};
