import type { AwsClient, Service } from '../../functions/aws/calls.ts';
import { awsClient } from '../../functions/aws/client.ts';

/** Options of a client for a server on this machine. */
export const at = (endpoint: string) => ({
  place: { endpoint, region: 'us-east-1' },
  credentials: () => ({ id: 'local', secret: 'local' }),
});

export const localClient = <S extends Service>(service: S, endpoint: string): AwsClient<S> =>
  awsClient(service, at(endpoint));
