import type { Api } from './api.ts';
import { Broken } from './expectation.ts';
import { policyOf } from './policy.ts';
import type { Rule, Setting } from './rule.ts';

export type Judgement = {
  readonly rule: Rule;
  readonly verdict: 'holds' | 'does not hold' | 'not applicable';
  /** The observation that breaks the rule, or the reason why the rule does not apply. */
  readonly reason?: string;
};

/** Returns the API's setting as far as requests can show it. Throws if the API cannot be reached. */
export async function settingOf(api: Api): Promise<Setting> {
  return { dialect: api.dialect, authentication: api.authentication, policy: await policyOf(api) };
}

/** Judges one rule after the other, because hosted APIs limit the rate of requests. */
export async function* judgements(api: Api, setting: Setting, rules: readonly Rule[]): AsyncGenerator<Judgement> {
  for (const rule of rules) {
    const other = differenceOf(setting, rule.only ?? {});
    if (other !== undefined) yield { rule, verdict: 'not applicable', reason: other };
    else yield await judged(api, rule);
  }
}

async function judged(api: Api, rule: Rule): Promise<Judgement> {
  try {
    await rule.check(api);
    return { rule, verdict: 'holds' };
  } catch (error) {
    return { rule, verdict: 'does not hold', reason: reasonOf(error) };
  }
}

/** Returns the rule's first condition that the API does not meet. */
function differenceOf(setting: Setting, only: Partial<Setting>): string | undefined {
  const keys = ['dialect', 'authentication', 'policy'] as const;
  const key = keys.find((one) => only[one] !== undefined && only[one] !== setting[one]);
  return key && `${key} ${only[key]} only`;
}

/** Returns the observation, or the error of the connection. Throws any other error, which is a bug of the suite. */
function reasonOf(error: unknown): string {
  if (error instanceof Broken) return error.message;
  if (!(error instanceof Error)) throw error;
  if (error.name === 'TimeoutError') return 'no answer in time';
  const code: unknown = Reflect.get(error, 'code');
  if (typeof code !== 'string') throw error;
  return code;
}
