import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { close, listen } from '../../local/listening.ts';

/** A call that arrived, such as `SendMessage` of `SQS`. Its input is the body of AWS's JSON protocols. */
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
  /** Returns the calls since the last time, and forgets them. */
  readonly takeCalls: () => Call[];
  readonly stop: () => Promise<void>;
};

/**
 * Starts one fast server for all AWS services that a function calls. Every secret is `secret`, the table is empty, and the
 * queue accepts every message.
 */
export async function startStubAws(secret: string): Promise<StubAws> {
  let calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const call = await parseCall(request);
    calls.push(call);
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer(call, secret)));
  });
  const url = await listen(server);
  const takeCalls = () => {
    const since = calls;
    calls = [];
    return since;
  };
  return { url, takeCalls, stop: () => close(server) };
}

async function parseCall(request: IncomingMessage): Promise<Call> {
  const [prefix = '', action = ''] = `${request.headers['x-amz-target']}`.split('.');
  const service = SERVICES[prefix];
  if (service === undefined) throw new Error(`bug: a function called ${prefix}, which the stub does not have`);
  const chunks = await request.toArray();
  return { service, action, input: JSON.parse(Buffer.concat(chunks).toString()) };
}

function answer({ action, input }: Call, secret: string): object {
  switch (action) {
    case 'GetSecretValue':
      return { SecretString: secret, VersionId: '0'.repeat(32) };
    case 'SendMessage':
      // The SDK compares this digest with the digest of the message.
      return { MessageId: 'm1', MD5OfMessageBody: createHash('md5').update(`${input['MessageBody']}`).digest('hex') };
    case 'BatchGetItem':
      return { Responses: {}, UnprocessedKeys: {} };
    case 'Query':
      return { Items: [], Count: 0, ScannedCount: 0 };
    default:
      return {};
  }
}
