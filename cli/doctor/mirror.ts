import { type AccountsAnswer, accountApiClient } from '../../functions/account-api/client.ts';
import { Token } from '../../functions/core/account.ts';
import type { App, Mirror } from '../../functions/core/configuration.ts';
import { error, type Finding, ok, warning } from './finding.ts';

type MirroredApp = App & { readonly mirror: Mirror };

/** A token that no phone has: a query for it changes nothing and finds nothing. */
const NO_TOKEN = Token.parse('bindery-doctor-no-such-token');

const TIMEOUT_MS = 5_000;

/** Asks a hosted API for a token that no phone has, with the credential of the mirror. */
export async function asked({ mirror, platform }: MirroredApp, secret: string): Promise<AccountsAnswer> {
  const { url, app, dialect, authentication = dialect === 'tpns' ? 'sign' : 'basic' } = mirror;
  const client = accountApiClient({
    ...{ url, app, dialect, authentication, platform },
    ...{ secret, timeoutMs: TIMEOUT_MS, now: Date.now },
  });
  try {
    return await client.accountsOf([NO_TOKEN]);
  } finally {
    await client.close();
  }
}

/** Judges the answer of a hosted API. A refusal of the token shows that the credential was accepted. */
export function judgeHosted(app: string, answer: AccountsAnswer | undefined): Finding {
  const page = 'docs/operations/mirror.md';
  if (answer === undefined)
    return error(`the mirror of ${app} has no secret`, 'its marks wait', `put the hosted API's key: ${page}`);
  if (answer.kind === 'unauthorized')
    return error(
      `the hosted API of ${app} refuses the credential`,
      `${answer.reason}: the mirror is stopped, and marks wait`,
      `put the right key, or correct "app" and "url" in bindery.json: ${page}`,
    );
  if (answer.kind === 'unavailable')
    return warning(
      `the hosted API of ${app} does not answer`,
      answer.reason,
      'marks wait until it does; ask its support',
    );
  return ok(`the hosted API of ${app} accepts the credential`);
}
