import type { Api } from './api.ts';
import { bind } from './bodies.ts';
import { Broken, isTrue } from './expectation.ts';
import { accountsOn, given, label, operate } from './steps.ts';

/**
 * `many`: a token holds any number of accounts. `one-per-type`: one of each account type, the latest. `unknown`: what
 * is bound does not show, so nobody can tell.
 */
export type Policy = 'many' | 'one-per-type' | 'unknown';

/** The policy that the API shows: whether an account is still there after another of its type was added. */
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
