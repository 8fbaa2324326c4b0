import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CLIENT } from './aws/client.ts';
import { acceptInto } from './aws/queues.ts';
import { READS, registryIn } from './aws/registry-store.ts';
import { secretsReader } from './aws/secrets.ts';
import { eventsHandler } from './events/handler.ts';
import { webhookKey } from './events/signature.ts';
import { reachesOf } from './events/source.ts';
import { EventsEnvironment, readEnvironment } from './lambda/environment.ts';
import { httpDoor } from './lambda/http.ts';
import { logOf } from './lambda/log.ts';

const log = logOf('events');
const environment = readEnvironment(EventsEnvironment);
const accept = acceptInto(environment.OPERATIONS_QUEUE_URL, registryIn(environment.REGISTRY_TABLE, READS.events));
const client = new SecretsManagerClient(CLIENT);
const now = Date.now;
const keysOf = secretsReader({ client, names: environment.SOURCE_SECRETS, decode: webhookKey, now, log });

/** `POST /events/{source}`: accepts signed auth events. */
export const handler = httpDoor(
  eventsHandler({ reaches: reachesOf(environment.BINDERY_CONFIG), keysOf, accept, now }),
  log,
);
