import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { SQSClient } from '@aws-sdk/client-sqs';
import { placeOf as endpointOf } from '../functions/aws/calls.ts';
import { awsClient } from '../functions/aws/client.ts';
import type { Table } from '../functions/aws/dynamodb.ts';
import { ENVIRONMENT } from '../functions/lambda/environment.ts';
import { NAMES } from '../local/aws/resources.ts';
import { REGION } from '../local/aws/servers.ts';
import type { Instance } from '../local/description.ts';
import { messageOf, UserError } from '../local/user-error.ts';
import type { Options, Terminal, Values } from './command.ts';
import { localInstance, PORT_OPTION } from './target.ts';

/** Options that choose what an operator's command works on. */
export const PLACE_OPTIONS = {
  stage: { value: 'NAME', help: 'the deployment of this stage. Default: the local instance' },
  profile: { value: 'NAME', help: 'the profile of your AWS credentials. Default: AWS_PROFILE, or default' },
  region: { value: 'R', help: 'the Region of the deployment. Default: AWS_REGION, or the one of the profile' },
  ...PORT_OPTION,
} as const satisfies Options;

/** The tables and queues of a deployment or of a local instance, with clients that reach them. */
export type Place = {
  /** For people: the stack, or the URL of the instance. */
  readonly name: string;
  /** Set for a local instance. */
  readonly instance?: Instance;
  /** The outputs of the stack; empty for a local instance. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly registry: Table;
  /** Undefined if the history is off. */
  readonly history: Table | undefined;
  readonly sqs: SQSClient;
  readonly operationsUrl: string;
  readonly parkedUrl: string;
};

type Surroundings = Pick<Terminal, 'folder' | 'warn'>;

/** Finds the place in the options. Reads the outputs of a stack with the operator's own AWS credentials. */
export const placeOf = (values: Values<typeof PLACE_OPTIONS>, terminal: Surroundings): Promise<Place> | Place =>
  values.stage === undefined ? localPlace(values, terminal) : deployedPlace(values.stage, values, terminal);

function localPlace(values: Values<typeof PLACE_OPTIONS>, terminal: Surroundings): Place {
  const given = (['profile', 'region'] as const).find((name) => values[name] !== undefined);
  if (given !== undefined) throw new UserError(`--${given} needs --stage`);
  return placeAt(localInstance(values, terminal, ', or give --stage'));
}

/** The tables and queues of an instance on this machine, also in this process: calls take no time of its functions. */
export function placeAt(instance: Instance): Place & { readonly instance: Instance } {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = awsClient('dynamodb', {
    place: { region: REGION, endpoint: instance.dynamodb },
    credentials: () => ({ id: credentials.accessKeyId, secret: credentials.secretAccessKey }),
    remainingMs: () => TIMEOUTS.requestTimeout,
  });
  const urlOf = (name: string) => `${instance.sqs}/000000000000/${name}`;
  return {
    name: instance.url,
    instance,
    outputs: {},
    registry: { client, name: NAMES.table },
    history: { client, name: NAMES.history },
    sqs: new SQSClient({ endpoint: instance.sqs, region: REGION, credentials, requestHandler: TIMEOUTS }),
    operationsUrl: urlOf(NAMES.operations),
    parkedUrl: urlOf(NAMES.parked),
  };
}

/** Without them the SDK waits for ever (ms). A receive may wait some seconds for a message. */
const TIMEOUTS = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true };

async function deployedPlace(
  stage: string,
  { profile, region: given, port }: Values<typeof PLACE_OPTIONS>,
  { warn }: Surroundings,
): Promise<Place> {
  if (port !== undefined) throw new UserError('give either --stage or --port');
  const account = { ...(profile !== undefined && { profile }), ...(given !== undefined && { region: given }) };
  const name = `Bindery-${stage}`;
  warn(name);
  const outputs = await outputsOf(name, new CloudFormationClient(account));
  const sqs = new SQSClient({ ...account, requestHandler: TIMEOUTS });
  const region = await sqs.config.region();
  const credentials = await freshCredentials(sqs);
  const client = awsClient('dynamodb', {
    place: endpointOf('dynamodb', { ...ENVIRONMENT, AWS_REGION: region }),
    credentials,
  });
  const output = (key: string): string => {
    const value = outputs[key];
    if (value === undefined) throw new UserError(`${name} has no output ${key}: deploy this version of Bindery`);
    return value;
  };
  const history = outputs['HistoryTableName'];
  return {
    name,
    outputs,
    registry: { client, name: output('TableName') },
    history: history === undefined ? undefined : { client, name: history },
    sqs,
    operationsUrl: output('OperationsQueueUrl'),
    parkedUrl: output('ParkedQueueUrl'),
  };
}

async function outputsOf(name: string, client: CloudFormationClient): Promise<Record<string, string>> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    const outputs = Stacks[0]?.Outputs ?? [];
    return Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (error) {
    throw new UserError(
      `the stack ${name} cannot be read: ${messageOf(error)}`,
      'Choose with --stage, --profile and --region. docs/operations.md#rights says what each command may do.',
    );
  }
}

/** Time between two looks at the credentials (ms). Those of a role expire; the SDK gets new ones minutes before. */
const REFRESH_MS = 60_000;

/** Returns the current credentials of the SDK's provider, which are kept fresh while the process runs. */
async function freshCredentials({ config }: SQSClient) {
  let current = await config.credentials();
  setInterval(async () => {
    try {
      current = await config.credentials();
    } catch {
      // The old ones count until they expire. Then the service refuses them, with a name that the command prints.
    }
  }, REFRESH_MS).unref();
  return () => ({
    id: current.accessKeyId,
    secret: current.secretAccessKey,
    session: current.sessionToken,
  });
}
