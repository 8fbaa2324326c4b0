// Stands in the place of `functions/aws/client.ts`, so it has all that others import from there. First, since modules
// below import it back.
export * from '../../functions/aws/client.ts';

import type { AwsClient, Service } from '../../functions/aws/calls.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { overSdk } from '../../test/aws/sdk-client.ts';

/**
 * The client over the SDK, as the baseline of the benchmarks: the product before it had a client of its own. A batch of
 * statements fails without a call, and then each of its items is written alone, as it was then.
 */
export function awsClient<S extends Service>(service: S): AwsClient<S> {
  const { call, attempt } = overSdk(service);
  return {
    attempt,
    call: (action, input) => {
      if (action === 'BatchExecuteStatement') throw new Unavailable('NoBatches');
      return call(action, input);
    },
  };
}
