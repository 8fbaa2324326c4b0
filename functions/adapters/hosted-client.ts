import { orUnavailable } from '../core/outcome.ts';
import type { AccountApiClient, Hosted } from '../handlers/hosted.ts';
import { accountApiClient } from './account-api-client.ts';
import type { AccountApiClientOptions } from './account-api-client-options.ts';

/**
 * A hosted Account API whose secret is looked up before each call: a new one is used as soon as it is known. Without a
 * secret the API counts as unavailable.
 */
export function hostedClient(
  options: Omit<AccountApiClientOptions, 'secret'>,
  secretOf: () => Promise<string | undefined>,
): Hosted {
  let known: { secret: string; client: AccountApiClient } | undefined;
  const clientWith = (secret: string): AccountApiClient => {
    if (known?.secret !== secret) {
      void known?.client.close();
      known = { secret, client: accountApiClient({ ...options, secret }) };
    }
    return known.client;
  };
  const client = async () => {
    const secret = await orUnavailable(async () => ({ text: await secretOf() }));
    if ('kind' in secret) return { kind: 'unavailable', reason: secret.reason } as const;
    if (secret.text === undefined) return { kind: 'unavailable', reason: 'no secret' } as const;
    return clientWith(secret.text);
  };
  return {
    operate: async (request) => {
      const found = await client();
      return 'kind' in found ? found : found.operate(request);
    },
    accountsOf: async (tokens) => {
      const found = await client();
      return 'kind' in found ? found : found.accountsOf(tokens);
    },
  };
}
