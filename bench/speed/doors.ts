import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { pointAwsAt } from '../../local/environment.ts';
import { CONFIGURATION, CONTEXT, SOURCE_SECRET } from '../installation.ts';
import { forgetfulQueue, type Stub } from '../stub/stub.ts';

export const APP_SECRET = 'the secret of the app shop';

/**
 * Sets the variables that a function reads when it is loaded; there is no ledger. The stub answers a secret's name as its
 * text.
 */
export function setEnvironment(stub: Pick<Stub, 'url'>, table: string, queue = forgetfulQueue(stub)): void {
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
    HISTORY: 'null',
  });
}

/** Formats a line as Lambda's JSON log does and drops it: writing to a terminal would be measured too. */
export const jsonLog = (level: string, message: string, line: object): void => {
  JSON.stringify({ level, message, ...line });
};

/** Makes the functions' log lines cost what they cost in Lambda, without printing them. */
export function quietConsole(): void {
  for (const level of ['info', 'warn'] as const) console[level] = (line: object) => jsonLog(level, '', line);
}

export type HttpDoor = (event: APIGatewayProxyEventV2, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/**
 * Calls a door and throws if it refuses, which is faster than the work that is measured. On a busy machine a list may be
 * answered 202, before it is applied; the rest of its work is counted in the turn of the next one.
 */
export async function callDoor(door: HttpDoor, event: APIGatewayProxyEventV2): Promise<void> {
  const { statusCode = 0, body } = await door(event, CONTEXT);
  if (statusCode > 202) throw new Error(`a door answered ${statusCode}: ${body}`);
}
