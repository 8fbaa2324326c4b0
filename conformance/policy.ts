import type { Api } from './api.ts';
import { bind } from './bodies.ts';
import { Broken, isTrue } from './expectation.ts';
import { accountsOn, given, label, operate } from './steps.ts';

/**
 * `many`: a token holds any number of accounts. `one-per-type`: one of each account type, the latest. `unknown`: bindings
 * are not visible, so the policy is not either.
 */
export type Policy = 'many' | 'one-per-type' | 'unknown';

/** Finds the policy: binds two accounts of one type and checks if the first one stays. */
export async function policyOf(api: Api): Promise<Policy> {
  const token = api.token('policy');
  const [first, second] = [api.account('first'), api.account('second')];
  let shown: readonly string[] = [];
  try {
    await given(api, token, first);
    await operate(api, bind(token, second));
    await api.eventually(async () => {
      shown = await accountsOn(api, token);
      isTrue('an account that was bound does not show', shown.includes(label(second)));
    });
  } catch (error) {
    if (error instanceof Broken) return 'unknown';
    throw error;
  }
  return shown.includes(label(first)) ? 'many' : 'one-per-type';
}
