import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { close, listen } from '../../local/listening.ts';

/** A call as it arrived: `SQS` and `SendMessage`, and its input, which is the body of AWS's JSON protocols. */
export type Call = {
  readonly service: Service;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
};

type Service = 'SQS' | 'DynamoDB' | 'SecretsManager';

const SERVICES: Readonly<Record<string, Service>> = {
  AmazonSQS: 'SQS',
  DynamoDB_20120810: 'DynamoDB',
  secretsmanager: 'SecretsManager',
};

export type StubAws = {
  readonly url: string;
  /** The calls since the last time this was asked. */
  readonly taken: () => Call[];
  readonly stop: () => Promise<void>;
};

/**
 * Every AWS service a function calls, in one server that costs its callers next to nothing: each secret is `secret`, the
 * table is empty, the queue takes everything.
 */
export async function startStubAws(secret: string): Promise<StubAws> {
  let calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const call = await callIn(request);
    calls.push(call);
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer(call, secret)));
  });
  const url = await listen(server);
  const taken = () => {
    const since = calls;
    calls = [];
    return since;
  };
  return { url, taken, stop: () => close(server) };
}

async function callIn(request: IncomingMessage): Promise<Call> {
  const [prefix = '', action = ''] = `${request.headers['x-amz-target']}`.split('.');
  const service = SERVICES[prefix];
  if (service === undefined) throw new Error(`a call to a service that the stub does not know: ${prefix}`);
  const chunks = await request.toArray();
  return { service, action, input: JSON.parse(Buffer.concat(chunks).toString()) };
}

function answer({ action, input }: Call, secret: string): object {
  switch (action) {
    case 'GetSecretValue':
      return { SecretString: secret, VersionId: '0'.repeat(32) };
    case 'SendMessage':
      // The SDK compares the digest with what it sent.
      return { MessageId: 'm1', MD5OfMessageBody: createHash('md5').update(`${input['MessageBody']}`).digest('hex') };
    case 'BatchGetItem':
      return { Responses: {}, UnprocessedKeys: {} };
    case 'Query':
      return { Items: [], Count: 0, ScannedCount: 0 };
    default:
      return {};
  }
}
