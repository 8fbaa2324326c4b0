import type {
  BatchExecuteStatementCommandInput,
  BatchExecuteStatementCommandOutput,
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  PutItemCommandOutput,
  QueryCommandInput,
  QueryCommandOutput,
  ScanCommandInput,
  ScanCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import type { GetSecretValueCommandInput, GetSecretValueCommandOutput } from '@aws-sdk/client-secrets-manager';
import type { SendMessageCommandInput, SendMessageCommandOutput } from '@aws-sdk/client-sqs';
import { ENVIRONMENT } from '../lambda/environment.ts';

/** Input and output as in the SDK, without what JSON cannot carry: dates of answers, binary attributes, metadata. */
type Call<I, O> = { readonly input: I; readonly output: Omit<O, '$metadata' | 'CreatedDate' | 'SecretBinary'> };

/** The calls of the client, by service. All others stay with the SDK. */
type Calls = {
  readonly sqs: { readonly SendMessage: Call<SendMessageCommandInput, SendMessageCommandOutput> };
  readonly dynamodb: {
    readonly BatchExecuteStatement: Call<BatchExecuteStatementCommandInput, BatchExecuteStatementCommandOutput>;
    readonly BatchGetItem: Call<BatchGetItemCommandInput, BatchGetItemCommandOutput>;
    readonly DeleteItem: Call<DeleteItemCommandInput, DeleteItemCommandOutput>;
    readonly GetItem: Call<GetItemCommandInput, GetItemCommandOutput>;
    readonly PutItem: Call<PutItemCommandInput, PutItemCommandOutput>;
    readonly Query: Call<QueryCommandInput, QueryCommandOutput>;
    readonly Scan: Call<ScanCommandInput, ScanCommandOutput>;
    readonly UpdateItem: Call<UpdateItemCommandInput, UpdateItemCommandOutput>;
  };
  readonly secretsmanager: {
    readonly GetSecretValue: Call<GetSecretValueCommandInput, GetSecretValueCommandOutput>;
  };
};

export type Service = keyof Calls;
export type Action<S extends Service> = keyof Calls[S] & string;
export type Input<S extends Service, A extends Action<S>> = Calls[S][A] extends { readonly input: infer I } ? I : never;
type Output<S extends Service, A extends Action<S>> = Calls[S][A] extends { readonly output: infer O } ? O : never;

/** Names of a service: in `X-Amz-Target`, and in the variable of its endpoint. `version`: of AWS's JSON protocol. */
export const SERVICES = {
  sqs: { target: 'AmazonSQS', version: '1.0', variable: 'AWS_ENDPOINT_URL_SQS' },
  dynamodb: { target: 'DynamoDB_20120810', version: '1.0', variable: 'AWS_ENDPOINT_URL_DYNAMODB' },
  secretsmanager: { target: 'secretsmanager', version: '1.1', variable: 'AWS_ENDPOINT_URL_SECRETS_MANAGER' },
} as const satisfies Readonly<Record<Service, object>>;

/** Domains of the public partitions, by the names of their Regions. */
const DOMAINS: readonly (readonly [RegExp, string])[] = [
  [/^(us|eu|ap|sa|ca|me|af|il|mx|us-gov)-(?!gov-|iso)[a-z]+-\d+$/, 'amazonaws.com'],
  [/^cn-[a-z]+-\d+$/, 'amazonaws.com.cn'],
  [/^eusc-de-[a-z]+-\d+$/, 'amazonaws.eu'],
];

const USED = { AWS_USE_FIPS_ENDPOINT: 'FIPS', AWS_USE_DUALSTACK_ENDPOINT: 'dual stack' } as const;

/**
 * The Region and the endpoint of a service, as the SDK finds them in a function's environment. Throws, and so stops the
 * cold start, where the SDK would go to another endpoint.
 */
export function placeOf(service: Service, environment: typeof ENVIRONMENT = ENVIRONMENT): Place {
  const { AWS_REGION: region, AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS } = environment;
  const { variable } = SERVICES[service];
  if (!region) throw new Error('AWS_REGION is not in the environment. Lambda sets it: do not remove it.');
  const given = AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true' ? '' : environment[variable] || AWS_ENDPOINT_URL;
  if (given) return { region, endpoint: withoutPath(given, variable) };
  for (const [name, kind] of Object.entries(USED))
    if (environment[name] === 'true')
      throw new Error(`${name}: ${kind} endpoints are not supported. Set ${variable} to the endpoint instead.`);
  const domain = DOMAINS.find(([names]) => names.test(region))?.[1];
  if (domain === undefined)
    throw new Error(`AWS_REGION ${region}: no endpoint is known for it. Set ${variable} to the endpoint.`);
  return { region, endpoint: `https://${service}.${region}.${domain}` };
}

function withoutPath(endpoint: string, variable: string): string {
  if (/^https?:\/\/[^/?#@]+\/?$/.test(endpoint)) return endpoint;
  throw new Error(`${variable} or AWS_ENDPOINT_URL: give a URL such as https://sqs.example without a path`);
}

export type Place = { readonly region: string; readonly endpoint: string };

/**
 * A client for the calls that most requests make. `call` rejects with `Unavailable` for every error, with the error's name
 * only: its text may quote keys. `attempt` returns the error of one name as a value.
 */
export type AwsClient<S extends Service> = {
  readonly call: <A extends Action<S>>(action: A, input: Input<S, A>) => Promise<Output<S, A>>;
  readonly attempt: <A extends Action<S>>(
    action: A,
    input: Input<S, A>,
    expected: string,
  ) => Promise<Output<S, A> | Refused>;
};

/** The expected error of a call. `details` has its other fields, such as the `Item` that failed a condition. */
export class Refused {
  readonly details: Readonly<Record<string, unknown>>;

  constructor(details: Readonly<Record<string, unknown>>) {
    this.details = details;
  }
}

export type Options = {
  readonly place: Place;
  readonly credentials: () => Credentials;
  readonly now: () => number;
  /** How long Lambda lets this invocation run (ms). */
  readonly remainingMs: () => number;
};

export type Credentials = { readonly id: string; readonly secret: string; readonly session?: string | undefined };
