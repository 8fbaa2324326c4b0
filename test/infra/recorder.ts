import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { close, listen } from '../../local/listening.ts';

/** A call of AWS: its caller (the id of the access key), and the action and the resource as a policy names them. */
export type Call = { readonly caller: string; readonly action: string; readonly resource: string };

export type Answer = { readonly status: number; readonly body: string };

/** A statement's action, as a policy names it, and its table. */
const PartiQl = z.object({ Statement: z.string() }).transform(({ Statement }) => {
  const [, verb = '', table = ''] = /^(INSERT|UPDATE)(?: INTO)? "([^"]+)"/.exec(Statement) ?? [];
  return { action: `dynamodb:PartiQL${verb.slice(0, 1)}${verb.slice(1).toLowerCase()}`, resource: table };
});
const Statements = z.object({ Statements: z.array(PartiQl) });

/** Services by the beginning of `X-Amz-Target`, each with a parser that takes the resources out of a call's body. */
const SERVICES = {
  AmazonSQS: z
    .object({ QueueUrl: z.string().default('') })
    .transform(({ QueueUrl }) => [QueueUrl.split('/').at(-1) ?? '']),
  DynamoDB_20120810: z
    .object({ TableName: z.string().optional(), RequestItems: z.record(z.string(), z.unknown()).default({}) })
    .transform(({ TableName, RequestItems }) => (TableName === undefined ? Object.keys(RequestItems) : [TableName])),
  secretsmanager: z.object({ SecretId: z.string() }).transform(({ SecretId }) => [SecretId]),
};
const Service = z.enum(['AmazonSQS', 'DynamoDB_20120810', 'secretsmanager']);
type Service = z.infer<typeof Service>;

export type Recorder = {
  readonly url: string;
  readonly calls: readonly Call[];
  /** Replaces the answers of services from now on. If `instead` returns undefined, the service answers. */
  readonly interrupt: (instead: (call: Call) => Answer | undefined) => void;
  readonly stop: () => Promise<void>;
};

/** Starts a proxy before the embedded services. It records each call, passes it on, and refuses unsigned ones. */
export async function startRecorder(urls: Readonly<Record<Service, string>>): Promise<Recorder> {
  const calls: Call[] = [];
  let instead: (call: Call) => Answer | undefined = () => undefined;
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const body = await text(request);
    const { service, made } = callsIn(request, body);
    calls.push(...made);
    return made.map((call) => instead(call)).find(Boolean) ?? pass(request, body, urls[service]);
  };
  const server = createServer((request, response) => {
    answer(request)
      .catch((error: unknown): Answer => ({ status: 500, body: `${error}` }))
      .then(({ status, body }) => response.writeHead(status, CONTENT).end(body));
  });
  const url = await listen(server);
  const interrupt: Recorder['interrupt'] = (by) => {
    instead = by;
  };
  return { url, calls, interrupt, stop: () => close(server) };
}

const CONTENT = { 'content-type': 'application/x-amz-json-1.0' };

function callsIn({ headers }: IncomingMessage, body: string): { service: Service; made: Call[] } {
  const [target, operation = ''] = `${headers['x-amz-target']}`.split('.');
  const service = Service.parse(target);
  const caller = /^AWS4-HMAC-SHA256 Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1];
  if (caller === undefined) throw new Error(`a call of ${target} is not signed: set AWS_ACCESS_KEY_ID`);
  if (operation === 'BatchExecuteStatement')
    return { service, made: Statements.parse(JSON.parse(body)).Statements.map((made) => ({ caller, ...made })) };
  const action = actionOf(service, operation);
  return { service, made: SERVICES[service].parse(JSON.parse(body)).map((resource) => ({ caller, action, resource })) };
}

/** Returns the action of an operation. In SQS one permission covers single calls and batches. */
const actionOf = (service: Service, operation: string): string =>
  service === 'AmazonSQS'
    ? `sqs:${operation.replace(/Batch$/, '')}`
    : `${service === 'secretsmanager' ? service : 'dynamodb'}:${operation}`;

async function pass({ headers, url = '/' }: IncomingMessage, body: string, to: string): Promise<Answer> {
  const { host: _host, connection: _connection, 'content-length': _length, ...sent } = headers;
  const passed = Object.entries(sent).map(([name, value]): [string, string] => [name, `${value}`]);
  const answer = await fetch(new URL(url, to), { method: 'POST', headers: passed, body });
  return { status: answer.status, body: await answer.text() };
}
