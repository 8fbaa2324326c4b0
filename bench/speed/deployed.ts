import { Buffer } from 'node:buffer';
import { createHmac, type KeyObject } from 'node:crypto';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { Configuration } from '../../functions/core/configuration.ts';
import { webhookKey } from '../../functions/events/signature.ts';
import { pointAwsAt } from '../../local/environment.ts';
import { forgetfulQueue, type Stub } from '../stub/stub.ts';

/** One app and one source: what a small installation has. */
export const CONFIGURATION = Configuration.parse({
  apps: [{ id: 'shop', dialect: 'xg', policy: 'many', platform: 'android' }],
  sources: [{ id: 'app', kind: 'standard-webhooks', apps: ['shop'] }],
});

/** The stub answers a secret's name as its text. */
export const SOURCE_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
export const APP_SECRET = 'the secret of the app shop';
export const SOURCE_KEY: KeyObject = webhookKey(SOURCE_SECRET);

/** Sets what a function reads when it is loaded: the stub's services, and the table it shall use. */
export function surround(stub: Pick<Stub, 'url'>, table: string, queue = forgetfulQueue(stub)): void {
  pointAwsAt({ sqs: stub.url, dynamodb: stub.url, secrets: stub.url });
  Object.assign(process.env, {
    OPERATIONS_QUEUE_URL: queue,
    PARKED_QUEUE_URL: forgetfulQueue(stub),
    REGISTRY_TABLE: table,
    BINDERY_CONFIG: JSON.stringify(CONFIGURATION),
    SOURCE_SECRETS: JSON.stringify({ app: SOURCE_SECRET }),
    APP_SECRETS: JSON.stringify({ shop: APP_SECRET }),
    PSEUDONYM_SECRET: 'the key of pseudonyms',
    MARKS_QUEUES: '{}',
    CHECKS_QUEUES: '{}',
  });
}

/** What Lambda's log format does with a line, without writing it anywhere: a terminal would be measured otherwise. */
export const jsonLog = (level: string, message: string, line: object): void => {
  JSON.stringify({ level, message, ...line });
};

/** The functions' lines are made and then dropped; what the benchmark prints itself does not go through the console. */
export function quietConsole(): void {
  for (const level of ['info', 'warn'] as const) console[level] = (line: object) => jsonLog(level, '', line);
}

/** All that middy and the doors look at: Lambda says how long the function may still take. */
export const CONTEXT = { getRemainingTimeInMillis: () => 10_000 } as Context;

/** A POST as API Gateway hands it over, payload format 2.0. */
export const posted = (path: string, body: string, headers: Record<string, string>) =>
  // A gateway sets more than this; the doors read nothing else.
  ({
    version: '2.0',
    rawPath: path,
    headers: { 'content-type': 'application/json', host: 'example.com', ...headers },
    requestContext: { requestId: 'JKJaXmPLvHcESHA=', http: { method: 'POST', path } },
    body,
    isBase64Encoded: false,
  }) as unknown as APIGatewayProxyEventV2;

/** Signs as Standard Webhooks does, for an attempt made now. */
export function signed(body: string, key = SOURCE_KEY, id = 'msg_2b8TnF0xJq'): Record<string, string> {
  const timestamp = `${Math.floor(Date.now() / 1000)}`;
  const digest = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${digest}` };
}

export type HttpDoor = (event: APIGatewayProxyEventV2, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/** Calls a door, and fails where it did not answer 200: a refusal would be a fast one. */
export async function through(door: HttpDoor, event: APIGatewayProxyEventV2): Promise<void> {
  const { statusCode, body } = await door(event, CONTEXT);
  if (statusCode !== 200) throw new Error(`a door answered ${statusCode}: ${body}`);
}
